import { afterAll, describe, expect, inject, it } from 'vitest';

import { createMemorySkillSchedules } from '../../adapters/memory/skill-schedules.ts';
import { createSkillSchedules } from '../../adapters/skill-schedules.ts';
import type { SkillSchedules } from '../../domain/skills/ports.ts';
import { mostSchedules } from '../../domain/skills/schedule.ts';
import { connectTestRedis } from '../integration/stores/support.ts';
import { describeSkillSchedules } from './skill-schedules-suite.ts';

describeSkillSchedules('schedules of skills in memory', async () => createMemorySkillSchedules());

const redis = connectTestRedis(inject('stack').redis);
const own = connectTestRedis(inject('stack').redis);
afterAll(() => Promise.all([redis.close(), own.close()]));
describeSkillSchedules('schedules of skills in Redis', async () => createSkillSchedules(redis));

describe.each<[string, () => SkillSchedules]>([
  ['in memory', createMemorySkillSchedules],
  ['in Redis', () => createSkillSchedules(own)],
])('too many schedules %s', (_where, create) => {
  it('are refused, but those that are there can be changed', async () => {
    const schedules = create();
    const schedule = (name: string) => ({
      skill: 'many',
      name,
      when: { everyMinutes: 1 },
      input: 1,
      inputHash: '',
      paused: false,
      createdAt: 1,
      since: 1,
    });
    const names = Array.from({ length: mostSchedules }, (_, index) => `n${index}`);
    for (const name of names) expect(await schedules.put(schedule(name))).toBe(true);
    expect(await schedules.put(schedule('one-more'))).toBe(false);
    expect(await schedules.put({ ...schedule('n0'), paused: true })).toBe(true);
    expect(await schedules.get({ skill: 'many', name: 'one-more' })).toBeUndefined();
  });
});

it('lists the other schedules where one cannot be read, and names that one', async () => {
  const broken = connectTestRedis(inject('stack').redis);
  const schedules = createSkillSchedules(broken);
  const facts = { when: { everyMinutes: 1 }, input: 1, inputHash: '', paused: false, createdAt: 1, since: 1 };
  await schedules.put({ skill: 'a', name: 'good', ...facts });
  await schedules.put({ skill: 'b', name: 'bad', ...facts });
  await broken.call((c) => c.hset(broken.keys.schedules, 'b.bad', '{"skill":"b"}'));
  expect(await schedules.list()).toMatchObject([{ skill: 'a', name: 'good' }]);
  const problem = expect.stringContaining('talos skills unschedule b bad');
  expect(await schedules.unreadable()).toEqual([{ id: 'b.bad', problem }]);
  expect(await schedules.unreadable('a')).toEqual([]);
  expect(await schedules.remove({ skill: 'b', name: 'bad' })).toBe(true);
  expect(await schedules.unreadable('b')).toEqual([]);
  await broken.close();
});
