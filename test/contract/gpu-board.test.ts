import { afterAll, expect, inject, it } from 'vitest';

import { createGpuBoard } from '../../adapters/gpu-board.ts';
import { createMemoryGpuBoard } from '../../adapters/memory/gpu-board.ts';
import type { GpuReport } from '../../domain/gpu/report.ts';
import { connectTestRedis } from '../integration/stores/support.ts';
import { describeGpuBoard } from './gpu-board-suite.ts';

describeGpuBoard('GPU board in memory', async () => {
  const all = new Map<string, GpuReport>();
  return [createMemoryGpuBoard('one', all), createMemoryGpuBoard('two', all)];
});

const opened: ReturnType<typeof connectTestRedis>[] = [];
afterAll(() => Promise.all(opened.map((redis) => redis.close())));

function openRedis() {
  const redis = connectTestRedis(inject('stack').redis);
  opened.push(redis);
  return redis;
}

describeGpuBoard('GPU board in Redis', async () => {
  const redis = openRedis();
  return [createGpuBoard({ redis, worker: 'one' }), createGpuBoard({ redis, worker: 'two' })];
});

it('does not believe a worker that has not been heard of for half a minute', async () => {
  const redis = openRedis();
  const clock = { now: 1_000_000 };
  const [dying, other] = ['dying', 'other'].map((worker) => createGpuBoard({ redis, worker, now: () => clock.now }));
  dying?.publish({ state: 'ready', model: 'coder', holder: 'kitchen.1', since: 1 });
  await expect.poll(() => other?.reports()).toHaveLength(1);
  clock.now += 29_000;
  expect(await other?.reports()).toHaveLength(1);
  clock.now += 1000;
  expect(await other?.reports()).toEqual([]);
  expect(await redis.call((c) => c.pttl(redis.keys.gpu))).toBeGreaterThan(0);
  await dying?.close();
});

it('leaves out what is no report, and holds nobody up while Redis is away', async () => {
  const redis = connectTestRedis(inject('stack').redis);
  const board = createGpuBoard({ redis, worker: 'one' });
  await redis.call((c) => c.hset(redis.keys.gpu, 'strange', 'no JSON', 'older', '{"at":1}'));
  expect(await board.reports()).toEqual([]);
  await redis.close();
  board.publish({ state: 'idle', since: 1 });
  await expect(board.close()).resolves.toBeUndefined();
});
