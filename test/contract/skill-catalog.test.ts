import { afterAll, inject } from 'vitest';

import { createMemorySkillCatalog } from '../../adapters/memory/skill-catalog.ts';
import type { RedisConnections } from '../../adapters/redis.ts';
import { createSkillCatalog } from '../../adapters/skill-catalog.ts';
import { connectTestRedis } from '../integration/stores/support.ts';
import { describeSkillCatalog } from './skill-catalog-suite.ts';

describeSkillCatalog('skill catalogue in memory', async () => createMemorySkillCatalog());

const opened: RedisConnections[] = [];
afterAll(() => Promise.all(opened.map((redis) => redis.close())));
describeSkillCatalog('skill catalogue in Redis', async () => {
  const redis = connectTestRedis(inject('stack').redis);
  opened.push(redis);
  return createSkillCatalog(redis);
});
