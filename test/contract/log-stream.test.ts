import { afterEach, inject } from 'vitest';

import { createLogStream } from '../../adapters/log-stream.ts';
import { createMemoryLogStream } from '../../adapters/memory/log-stream.ts';
import type { RedisConnections } from '../../adapters/redis.ts';
import { connectTestRedis } from '../integration/stores/support.ts';
import { describeLogStream } from './log-stream-suite.ts';

describeLogStream('log stream in memory', async () => createMemoryLogStream());

const opened: RedisConnections[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((redis) => redis.close()));
});
describeLogStream('log stream in Redis', async () => {
  const redis = connectTestRedis(inject('stack').redis);
  opened.push(redis);
  await redis.call((c) => c.ping());
  return createLogStream(redis);
});
