import { inject, onTestFinished } from 'vitest';

import { createMemoryModelChoices, createMemoryModelPulls } from '../../adapters/memory/model-pulls.ts';
import { createModelChoices, createModelPulls } from '../../adapters/model-pulls.ts';
import { connectTestRedis } from '../integration/stores/support.ts';
import { describeModelPulls } from './model-pulls-suite.ts';

describeModelPulls('pulls in memory', async () => ({
  pulls: createMemoryModelPulls(),
  choices: createMemoryModelChoices(),
}));

describeModelPulls('pulls in Redis', async () => {
  const redis = connectTestRedis(inject('stack').redis);
  onTestFinished(() => redis.close());
  return { pulls: createModelPulls(redis), choices: createModelChoices(redis) };
});
