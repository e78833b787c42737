import { afterAll, inject } from 'vitest';

import { createMemorySkillRuns } from '../../adapters/memory/skill-runs.ts';
import { createSkillRuns } from '../../adapters/skill-runs.ts';
import { connectTestRedis } from '../integration/stores/support.ts';
import { describeSkillRuns } from './skill-runs-suite.ts';

describeSkillRuns('skill runs in memory', async () => createMemorySkillRuns());

const redis = connectTestRedis(inject('stack').redis);
afterAll(() => redis.close());
describeSkillRuns('skill runs in Redis', async () => createSkillRuns(redis));
