import { afterAll, inject } from 'vitest';

import { createAwaitedClouds } from '../../adapters/awaited-clouds.ts';
import { createMemoryAwaitedClouds } from '../../adapters/memory/awaited-clouds.ts';
import type { RedisConnections } from '../../adapters/redis.ts';
import { connectTestRedis } from '../integration/stores/support.ts';
import { describeAwaitedClouds } from './awaited-clouds-suite.ts';

describeAwaitedClouds('messages that wait for the cloud, in memory', async () => createMemoryAwaitedClouds());

const opened: RedisConnections[] = [];
afterAll(() => Promise.all(opened.map((redis) => redis.close())));
describeAwaitedClouds('messages that wait for the cloud, in Redis', async () => {
  const redis = connectTestRedis(inject('stack').redis);
  opened.push(redis);
  return createAwaitedClouds(redis);
});
