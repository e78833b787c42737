import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createConversationStore } from '../../../adapters/conversation-store.ts';
import { createHoldStore } from '../../../adapters/hold-store.ts';
import { createLogStream } from '../../../adapters/log-stream.ts';
import { lockScript } from '../../../adapters/lua/safety.ts';
import { connectRedis, type RedisConnections } from '../../../adapters/redis.ts';
import { createNightRuns } from '../../../adapters/night-runs.ts';
import { createSkillSchedules } from '../../../adapters/skill-schedules.ts';
import { createTokenStream } from '../../../adapters/token-stream.ts';
import { createToolRounds } from '../../../adapters/tool-rounds.ts';
import { quietRun } from '../../support/night-reports.ts';
import { failureCode, type OwnRedis, startOwnRedis, take } from './support.ts';

const schedule = {
  skill: 'csv',
  name: 'morning',
  when: { everyMinutes: 60 },
  inputHash: 'a'.repeat(64),
  paused: false,
  createdAt: 1,
  since: 1,
};
const waiting = { conversation: 'full', key: 'waiting' };

describe('a Redis that is full', () => {
  let server: OwnRedis;
  let redis: RedisConnections;

  beforeAll(async () => {
    server = await startOwnRedis('--maxmemory', '4mb', '--maxmemory-policy', 'noeviction');
    redis = connectRedis({ url: server.url });
    const conversations = createConversationStore(redis);
    await createSkillSchedules(redis).put({ ...schedule, input: {} });
    await conversations.accept({ ...waiting, text: 'hello', createdAt: 1 });
    await conversations.saveDraft(waiting, 'so far');
    while ((await failureCode(redis.call((c) => c.append('ballast', 'x'.repeat(100_000))))) === undefined);
  });
  afterAll(async () => {
    await redis.close();
    await server.close();
  });

  it('refuses a new message with STORE_FULL and keeps nothing of it', async () => {
    const conversations = createConversationStore(redis);
    const before = await redis.call((c) => c.keys('*'));
    const message = { conversation: 'full', key: 'new', text: 'x'.repeat(100), createdAt: 2 };
    expect(await failureCode(conversations.accept(message))).toBe('STORE_FULL');
    expect(await failureCode(conversations.accept({ ...message, conversation: 'other' }))).toBe('STORE_FULL');
    expect(await redis.call((c) => c.keys('*'))).toEqual(before);
    expect(await redis.call((c) => c.llen(redis.keys.messages('full')))).toBe(1);
    expect(await conversations.message(message)).toBeUndefined();
  });

  it('refuses drafts, contexts and events with STORE_FULL', async () => {
    const conversations = createConversationStore(redis);
    expect(await failureCode(conversations.saveDraft(waiting, 'more'))).toBe('STORE_FULL');
    expect(await failureCode(conversations.saveContext(waiting, 'memories'))).toBe('STORE_FULL');
    const event = { type: 'text-delta', text: 'x' } as const;
    expect(await failureCode(createTokenStream(redis).append(waiting, event))).toBe('STORE_FULL');
  });

  it('says so also where several commands are one step', async () => {
    const round = { text: 'x'.repeat(1000), calls: [] };
    expect(await failureCode(createToolRounds(redis).save(waiting, 0, round))).toBe('STORE_FULL');
  });

  it('does not fail who logs', () => {
    const line = { time: 1, level: 'info', component: 'test', message: 'x' } as const;
    expect(() => createLogStream(redis).append(line)).not.toThrow();
  });

  it('still ends the message that was under way, with its draft, and tells its readers', async () => {
    const conversations = createConversationStore(redis);
    const error = { code: 'STORE_FULL', message: 'full' };
    expect(await conversations.settle(waiting, { state: 'failed', error }, 3)).toBe(true);
    expect(await conversations.message(waiting)).toMatchObject({ state: 'failed', reply: 'so far', error });
    const followed = await take(createTokenStream(redis).follow(waiting, { signal: AbortSignal.timeout(5000) }));
    expect(followed.at(-1)?.event).toEqual({ type: 'done', state: 'failed', code: 'STORE_FULL' });
  });

  it('still counts critical hits and takes a lockdown', async () => {
    const holds = createHoldStore(redis);
    for (const at of [1, 2, 3]) await holds.recordCriticalHit({ conversation: 'full', key: `k${at}` }, at);
    expect(await holds.heldUntil('full')).toBe(3_600_003);
    expect(await redis.run(lockScript, { keys: [redis.keys.lockdown], args: ['x'] })).toBe('x');
  });

  it('still begins and records the nightly maintenance, which makes room', async () => {
    const nights = createNightRuns(redis);
    const run = { ...quietRun({ state: 'running' }), phases: [] };
    expect(await nights.begin(run, { at: 1, overAt: 2 })).toEqual({ kind: 'begun' });
    await nights.tell(run.id, { phase: 'redis', line: 'looking' });
    expect(await nights.get(run.id)).toMatchObject({ state: 'running', progress: { line: 'looking' } });
    expect(await nights.save(quietRun())).toBe(true);
    const skipped = quietRun({ id: 'now-skipped', state: 'skipped', reason: 'overlap', phases: [] });
    expect(await nights.save(skipped)).toBe(true);
    const missed = quietRun({ id: 'due-20261125T040000Z', dueAt: 1, state: 'skipped', reason: 'missed', phases: [] });
    await nights.account({ until: 2, missed: [missed] });
    expect((await nights.list({ since: 0, limit: 9 })).map(({ state }) => state)).toEqual([
      'skipped',
      'ran',
      'skipped',
    ]);
    expect((await nights.accounted()).until).toBe(2);
  });

  it('still tells of every due time of a schedule what came of it', async () => {
    const schedules = createSkillSchedules(redis);
    const due = (key: string, dueAt: number) => ({ key, dueAt, state: 'skipped', reason: 'missed' }) as const;
    expect(await schedules.begin(schedule, { key: 'begun', dueAt: 1 }, 1)).toEqual({ kind: 'begun' });
    expect(await schedules.end(schedule, { key: 'begun', dueAt: 1, state: 'failed', reason: 'STORE_FULL' })).toBe(true);
    expect(await schedules.end(schedule, due('skipped', 2))).toBe(true);
    await schedules.account(schedule, { until: 4, missed: [due('missed', 3)] });
    expect((await schedules.dueRuns(schedule)).map(({ key }) => key)).toEqual(['missed', 'skipped', 'begun']);
  });

  it('takes messages again once there is room', async () => {
    await redis.call((c) => c.del('ballast'));
    const message = { conversation: 'full', key: 'after', text: 'hello', createdAt: 4 };
    expect(await createConversationStore(redis).accept(message)).toEqual({ kind: 'accepted', seq: 2 });
  });
});
