import { randomUUID } from 'node:crypto';

import { NativeConnection } from '@temporalio/worker';
import { afterAll, describe, expect, inject, it } from 'vitest';

import { createMemoryScheduleClock } from '../../adapters/memory/schedule-clock.ts';
import { createTemporalSchedules } from '../../adapters/temporal-schedules.ts';
import type { ScheduleWhen } from '../../domain/skills/schedule.ts';
import { describeScheduleClock } from './schedule-clock-suite.ts';

describeScheduleClock('the clock of schedules in memory', createMemoryScheduleClock);

const connection = await NativeConnection.connect({ address: inject('stack').temporal });
afterAll(() => connection.close());
const create = () => createTemporalSchedules({ connection, namespace: 'talos', taskQueue: `test-${randomUUID()}` });
describeScheduleClock('the clock of schedules in Temporal', create);

describe('schedules in a time zone', () => {
  const clock = create();
  const berlin = (cron: string): ScheduleWhen => ({ cron, zone: 'Europe/Berlin' });

  async function timesOf(when: ScheduleWhen, from: string, to: string) {
    const ref = { skill: `skill-${randomUUID().slice(0, 8)}`, name: 'morning' };
    const facts = { inputHash: '', paused: false, createdAt: 1, since: 1 };
    await clock.set({ ...ref, when, ...facts });
    const times = await clock.dueTimes(ref, { after: Date.parse(from), until: Date.parse(to) });
    await clock.remove(ref);
    return times.map((time) => new Date(time).toISOString());
  }

  it('keep their time of day when the clocks change', async () => {
    expect(await timesOf(berlin('0 8 * * *'), '2027-03-27T00:00:00Z', '2027-03-30T00:00:00Z')).toEqual([
      '2027-03-27T07:00:00.000Z',
      '2027-03-28T06:00:00.000Z',
      '2027-03-29T06:00:00.000Z',
    ]);
  });

  it('are told so by the next times, too', async () => {
    const ref = { skill: `skill-${randomUUID().slice(0, 8)}`, name: 'morning' };
    await clock.set({ ...ref, when: berlin('30 7 * jan,jul *'), inputHash: '', paused: false, createdAt: 1, since: 1 });
    const next = (await clock.timing(ref))?.next ?? [];
    await clock.remove(ref);
    const local = new Intl.DateTimeFormat('en-GB', { timeStyle: 'short', timeZone: 'Europe/Berlin' });
    expect(next.map((time) => local.format(time))).toEqual(['07:30', '07:30', '07:30']);
  });

  it('are not due at a time the clocks jump over', async () => {
    expect(await timesOf(berlin('30 2 * * *'), '2027-03-27T00:00:00Z', '2027-03-29T12:00:00Z')).toEqual([
      '2027-03-27T01:30:00.000Z',
      '2027-03-29T00:30:00.000Z',
    ]);
  });

  it('are due once at a time the clocks pass twice', async () => {
    expect(await timesOf(berlin('30 2 * * *'), '2027-10-31T00:00:00Z', '2027-10-31T12:00:00Z')).toEqual([
      '2027-10-31T01:30:00.000Z',
    ]);
  });

  it('are refused with the reason when Temporal does not know the zone', async () => {
    const refused = timesOf({ cron: '0 8 * * *', zone: 'europe/berlin' }, '2027-01-01', '2027-01-02');
    const changed = async () => {
      const ref = { skill: `skill-${randomUUID().slice(0, 8)}`, name: 'morning' };
      const facts = { inputHash: '', paused: false, createdAt: 1, since: 1 };
      await clock.set({ ...ref, when: { everyMinutes: 60 }, ...facts });
      const wrong = { ...ref, when: { cron: '0 8 * * *', zone: 'europe/berlin' }, ...facts };
      try {
        await clock.set(wrong);
      } finally {
        await clock.remove(ref);
      }
    };
    await expect(refused).rejects.toMatchObject({
      code: 'VALIDATION_FAILED',
      message: expect.stringContaining('europe/berlin'),
    });
    await expect(changed()).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
  });
});
