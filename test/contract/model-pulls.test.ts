import { expect, inject, it, onTestFinished } from 'vitest';

import { createMemoryModelChoices, createMemoryModelPulls } from '../../adapters/memory/model-pulls.ts';
import { createModelChoices, createModelPulls } from '../../adapters/model-pulls.ts';
import { readModelName } from '../../domain/models/name.ts';
import { freshPull } from '../../domain/models/pull.ts';
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

it.each(['no json', '{"model":"tiny:1b"}'])('a pull in Redis that reads %j hides no other', async (text) => {
  const redis = connectTestRedis(inject('stack').redis);
  onTestFinished(() => redis.close());
  const pulls = createModelPulls(redis);
  await redis.call((c) => c.hset(redis.keys.modelPulls, 'tiny:1b', text));
  const other = freshPull(readModelName('other:1b'), 1);
  await pulls.put({ ...other, state: 'cancelled' });
  expect((await pulls.list()).map(({ model }) => model)).toEqual(['other:1b']);
  expect(await pulls.get('tiny:1b')).toBeUndefined();
});
