import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';

import { createRedisPhase } from '../../../adapters/night/redis-phase.ts';
import { connectRedis, type RedisConnections } from '../../../adapters/redis.ts';
import { keyRules } from '../../../domain/night/key-rules.ts';
import { scratchFolder } from '../../support/scratch-folder.ts';
import { connectTestRedis, startOwnRedis } from '../stores/support.ts';
import { runPhase, stopAfter } from './run-phase.ts';

const now = Date.UTC(2026, 10, 25, 4);
const hour = 3_600_000;
const pending = { conversation: 'c', key: 'pending' };
const ended = { conversation: 'c', key: 'ended' };
const unknown = { conversation: 'c', key: 'unknown' };
const run = { skill: 'sum', key: 'r' };

let redis: RedisConnections;
let images = '';
const phase = (ceilingBytes = 2 ** 40) => createRedisPhase({ redis, images, ceilingBytes, now: () => now });

beforeEach(() => {
  redis = connectTestRedis(inject('stack').redis);
  images = scratchFolder();
});
afterEach(() => redis.close());

/** One key of every family the night may never touch, and messages to own the others. */
async function furnish({ keys, call }: RedisConnections): Promise<void> {
  const schedule = { skill: 'sum', name: 'daily' };
  const strings = [keys.lockdown, keys.hold('c'), keys.gpu, keys.modelChoice, keys.skillGround];
  const hashes = [
    keys.conversation('c'),
    keys.approvalGuards,
    keys.skillLives,
    keys.skillChanges,
    keys.skillAnnouncements,
    keys.skillRun({ skill: 'sum', key: 'old' }),
    keys.schedules,
    keys.scheduleInputs,
    keys.scheduleState(schedule),
    keys.dueRuns(schedule),
    keys.modelPulls,
    keys.cloudBudget,
    keys.cloudBreaker,
    keys.nightRuns,
    keys.nightState,
  ];
  const sets = [
    keys.conversations,
    keys.pending('c'),
    keys.answered('c'),
    keys.skillRuns('sum'),
    keys.failedRuns('sum'),
    keys.dueTimes(schedule),
    keys.nightTimes,
  ];
  for (const key of strings) await call((c) => c.set(key, 'x'));
  for (const key of hashes) await call((c) => c.hset(key, 'state', 'x'));
  for (const key of sets) await call((c) => c.zadd(key, 1, 'x'));
  for (const key of [keys.messages('c'), keys.hits('c')]) await call((c) => c.rpush(key, 'x'));
  await call((c) => c.xadd(keys.logs, '*', 'line', 'x'));
  await call((c) => c.hset(keys.message(pending), 'state', 'pending', 'text', 'hello'));
  await call((c) => c.hset(keys.message(ended), 'state', 'answered', 'finishedAt', now - hour, 'reply', 'hi'));
  await call((c) => c.hset(keys.skillRun(run), 'state', 'pending'));
}

/** Everything that is stored and whether it stays, by key without the prefix. */
async function dump({ keys, call }: RedisConnections): Promise<Map<string, string>> {
  const names = (await call((c) => c.keys(`${keys.prefix}*`))).toSorted();
  const stored = new Map<string, string>();
  for (const name of names) {
    const [value, end] = await call((c) => Promise.all([c.dumpBuffer(name), c.ttl(name)]));
    stored.set(name.slice(keys.prefix.length), `${value?.toString('hex')} ${end === -1 ? 'for ever' : 'for a time'}`);
  }
  return stored;
}

const names = async () => [...(await dump(redis)).keys()];

describe('the night in the store', () => {
  it('leaves everything that must not vanish exactly as it was', async () => {
    await furnish(redis);
    const before = await dump(redis);
    const covered = new Set(
      [...before.keys()].map((name) => Object.entries(keyRules).find(([, { pattern }]) => pattern.test(name))?.[0]),
    );
    for (const [family, { kind }] of Object.entries(keyRules)) if (kind === 'kept') expect(covered).toContain(family);
    await runPhase(phase());
    await runPhase(phase(1)); // even with no room at all
    expect(await dump(redis)).toEqual(before);
  });

  it('deletes what belongs to messages that have ended or that nobody knows, and to runs nobody knows', async () => {
    await furnish(redis);
    const { keys, call } = redis;
    const before = await names();
    for (const ref of [ended, unknown]) {
      await call((c) => c.set(keys.context(ref), 'x'));
      await call((c) => c.xadd(keys.tokens(ref), '*', 'event', 'x'));
      await call((c) => c.hset(keys.toolRounds(ref), '0', 'x'));
    }
    await call((c) => c.set(keys.runInput({ skill: 'sum', key: 'gone' }), 'x', 'EX', 1000));
    await call((c) => c.set(keys.runOutput({ skill: 'sum', key: 'gone' }), 'x', 'EX', 1000));
    const { counts, notes } = await runPhase(phase());
    expect(counts['keysDeleted']).toBe(8);
    expect(notes).toEqual([]);
    expect(await names()).toEqual(before);
  });

  it('leaves what is at work, and gives back a time to live that was lost', async () => {
    await furnish(redis);
    const { keys, call } = redis;
    const lost = [keys.context(pending), keys.runInput(run), keys.draft('d')];
    for (const key of lost) await call((c) => c.set(key, 'x'));
    await call((c) => c.xadd(keys.tokens(pending), '*', 'event', 'x'));
    await call((c) => c.expire(keys.tokens(pending), 77));
    const { counts } = await runPhase(phase());
    expect(counts).toMatchObject({ endsGiven: 3 });
    expect(counts['keysDeleted']).toBeUndefined();
    for (const key of lost) expect(await call((c) => c.ttl(key))).toBeGreaterThan(3000);
    expect(await call((c) => c.ttl(keys.tokens(pending)))).toBeLessThanOrEqual(77);
  });

  it('drops approvals that are over and calls of ended messages, and keeps the open ones', async () => {
    await furnish(redis);
    const { keys, call } = redis;
    const code = (expiresAt: number) => `id proof ${now - hour} ${expiresAt} binding`;
    await call((c) => c.hset(keys.approvals, { 'unlock/system': code(now - 1), 'promote/sum': code(now + 1) }));
    for (const hash of [keys.awaitedCalls, keys.awaitedClouds]) {
      await call((c) => c.hset(hash, { 'c.pending/1-1': '{}', 'c.ended/1-1': '{}', 'c.unknown': '{}', odd: '{}' }));
    }
    const { counts } = await runPhase(phase());
    expect(counts).toMatchObject({ approvalsDropped: 1, awaitedDropped: 4 });
    expect(await call((c) => c.hkeys(keys.approvals))).toEqual(['promote/sum']);
    expect((await call((c) => c.hkeys(keys.awaitedCalls))).toSorted()).toEqual(['c.pending/1-1', 'odd']);
  });

  it('leaves keys it does not know alone and says so', async () => {
    await redis.call((c) => c.set(`${redis.keys.prefix}vram:state`, 'x'));
    const { counts, notes } = await runPhase(phase());
    expect(counts).toMatchObject({ keysUnknown: 1 });
    expect(notes).toHaveLength(1);
    expect(await names()).toEqual(['vram:state']);
  });

  it('never looks beyond its prefix, not even at one that looks like it', async () => {
    const other = connectRedis({ url: inject('stack').redis, keyPrefix: `${redis.keys.prefix.slice(0, -1)}x:` });
    await other.call((c) => c.set(other.keys.context(unknown), 'x'));
    await runPhase(phase(1));
    expect(await other.call((c) => c.del(other.keys.context(unknown)))).toBe(1);
    await other.close();
  });

  it('removes old images that no message shows', async () => {
    const [shown, orphan, young] = ['a', 'b', 'c'].map((digit) => digit.repeat(64));
    for (const [name, age] of [
      [`${shown}`, 48],
      [`${orphan}.png`, 48],
      [`${young}`, 1],
      [`${shown}.half.tmp`, 48],
      ['notes.txt', 48],
    ] as const) {
      writeFileSync(join(images, name), 'x');
      utimesSync(join(images, name), now / 1000, (now - age * hour) / 1000);
    }
    mkdirSync(join(images, 'd'.repeat(64)));
    const options = JSON.stringify({ images: [{ hash: shown, type: 'image/png', bytes: 1 }] });
    await redis.call((c) => c.hset(redis.keys.message(ended), 'state', 'answered', 'options', options));
    const { counts } = await runPhase(phase());
    expect(counts).toMatchObject({ imagesRemoved: 2 });
    expect(readdirSync(images).toSorted()).toEqual([`${shown}`, `${young}`, 'd'.repeat(64), 'notes.txt'].toSorted());
  });

  it('keeps every image while a message cannot be read', async () => {
    const image = 'a'.repeat(64);
    writeFileSync(join(images, image), 'x');
    utimesSync(join(images, image), now / 1000, (now - 48 * hour) / 1000);
    await redis.call((c) => c.set(redis.keys.message(ended), 'no hash'));
    const { notes } = await runPhase(phase());
    expect(notes).toEqual(['A message could not be read, so all images were kept.']);
    expect(readdirSync(images)).toEqual([image]);
  });

  it('keeps every image when the messages that showed them seem to be lost', async () => {
    const names = Array.from({ length: 11 }, (_, at) => `${at % 10}${at > 9 ? 'b' : 'a'}`.repeat(32));
    for (const name of [...names, `${names[0] ?? ''}.half.tmp`]) {
      writeFileSync(join(images, name), 'x');
      utimesSync(join(images, name), now / 1000, (now - 48 * hour) / 1000);
    }
    await redis.call((c) => c.hset(redis.keys.message(ended), 'state', 'answered', 'options', '{}'));
    const { counts, notes } = await runPhase(phase());
    expect(counts).toMatchObject({ imagesRemoved: 1 });
    expect(notes.join()).toMatch(/^No message shows 11 of 11 old images\. .* restore a backup/);
    expect(readdirSync(images).toSorted()).toEqual(names.toSorted());
  });

  it('stops between two pages, and another run does the rest', async () => {
    const { keys, call } = redis;
    const refs = Array.from({ length: 3000 }, (_, at) => keys.context({ conversation: 'c', key: `k${at}` }));
    await call((c) => c.mset(...refs.flatMap((key) => [key, 'x'])));
    const { outcome, told } = await stopAfter(phase(), 1);
    expect(told).toHaveLength(1);
    const left = (await names()).length;
    expect(left).toBeGreaterThan(0);
    expect(outcome.counts['keysDeleted']).toBe(3000 - left);
    expect((await runPhase(phase())).counts['keysDeleted']).toBe(left);
    expect(await names()).toEqual([]);
  });

  it('does nothing when it is stopped before it began', async () => {
    await redis.call((c) => c.set(redis.keys.context(unknown), 'x'));
    const outcome = await phase()({ signal: AbortSignal.abort(), tell: () => undefined });
    expect(outcome).toEqual({ counts: {}, notes: [] });
    expect(await names()).toHaveLength(1);
  });
});

describe('the byte budget of the store', () => {
  it('is kept by dropping what was asked for the longest ago, never what is at work or no cache', async () => {
    const server = await startOwnRedis();
    const own = connectRedis({ url: server.url });
    try {
      await furnish(own);
      const { keys, call } = own;
      const text = 'x'.repeat(50_000);
      for (let at = 0; at < 100; at += 1) {
        const ref = { skill: 'sum', key: `k${at}` };
        await call((c) => c.hset(keys.skillRun(ref), 'state', at === 0 ? 'pending' : 'done'));
        await call((c) => c.set(keys.runInput(ref), text, 'EX', 10_000));
      }
      const kept = await dump(own);
      const used = Number(/used_memory:(\d+)/.exec(await call((c) => c.info('memory')))?.[1]);
      const ceilingBytes = Math.round(used / 0.9);
      const { counts, notes } = await runPhase(createRedisPhase({ redis: own, images, ceilingBytes, now: () => now }));
      expect(notes).toEqual([]);
      const after = Number(/used_memory:(\d+)/.exec(await call((c) => c.info('memory')))?.[1]);
      expect(after).toBeLessThan(0.78 * ceilingBytes);
      expect(counts['cachesDropped']).toBeGreaterThan(10);
      expect(counts['cachesDropped']).toBeLessThan(60);
      const left = await dump(own);
      for (const [name, value] of kept) if (!name.endsWith(':input')) expect(left.get(name)).toBe(value);
      expect(left.has('skill:sum:run:k0:input')).toBe(true);
    } finally {
      await own.close();
      await server.close();
    }
  });

  it('that cannot be kept is said to the owner', async () => {
    await furnish(redis);
    const { notes, counts } = await runPhase(phase(1_048_576));
    expect(notes.join()).toMatch(/^Redis holds \d+ of 1 MB/);
    expect(counts['cachesDropped']).toBeUndefined();
  });
});
