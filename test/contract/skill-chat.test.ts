import { afterAll, inject } from 'vitest';

import {
  createMemoryAwaitedCalls,
  createMemorySkillDrafts,
  createMemoryToolRounds,
} from '../../adapters/memory/skill-chat.ts';
import type { RedisConnections } from '../../adapters/redis.ts';
import { createSkillStores } from '../../adapters/skill-stores.ts';
import { connectTestRedis } from '../integration/stores/support.ts';
import { describeSkillChat } from './skill-chat-suite.ts';

describeSkillChat('skills in chat, in memory', async () => ({
  rounds: createMemoryToolRounds(),
  awaited: createMemoryAwaitedCalls(),
  drafts: createMemorySkillDrafts(),
}));

const opened: RedisConnections[] = [];
afterAll(() => Promise.all(opened.map((redis) => redis.close())));
describeSkillChat('skills in chat, in Redis', async () => {
  const redis = connectTestRedis(inject('stack').redis);
  opened.push(redis);
  const { toolRounds, awaitedCalls, drafts } = createSkillStores(redis);
  return { rounds: toolRounds, awaited: awaitedCalls, drafts };
});
