import { afterAll, inject } from 'vitest';

import { createCloudBreaker } from '../../adapters/cloud-breaker.ts';
import { createCloudBudget } from '../../adapters/cloud-budget.ts';
import { createMemoryCloudBreaker, createMemoryCloudBudget } from '../../adapters/memory/cloud-limits.ts';
import { connectRedis } from '../../adapters/redis.ts';
import { connectTestRedis } from '../integration/stores/support.ts';
import { describeCloudBreaker, describeCloudBudget } from './cloud-limits-suite.ts';

describeCloudBudget('budget of the cloud in memory', async () => {
  const budget = createMemoryCloudBudget();
  return [budget, budget];
});
describeCloudBreaker('breaker of the cloud in memory', async () => {
  const breaker = createMemoryCloudBreaker();
  return [breaker, breaker];
});

const url = inject('stack').redis;
const here = connectTestRedis(url);
const there = connectRedis({ url, keyPrefix: here.keys.prefix });
afterAll(async () => {
  await there.close();
  await here.close();
});

describeCloudBudget('budget of the cloud in Redis', async () => {
  await here.call((c) => c.del(here.keys.cloudBudget));
  return [createCloudBudget(here), createCloudBudget(there)];
});
describeCloudBreaker('breaker of the cloud in Redis', async () => {
  await here.call((c) => c.del(here.keys.cloudBreaker));
  return [createCloudBreaker(here), createCloudBreaker(there)];
});
