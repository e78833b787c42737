import type { SkillPorts } from '../domain/skills/ports.ts';
import { createAwaitedCalls } from './awaited-calls.ts';
import type { RedisConnections } from './redis.ts';
import { createSkillCatalog } from './skill-catalog.ts';
import { createSkillDrafts } from './skill-drafts.ts';
import { createSkillRuns } from './skill-runs.ts';
import { createToolRounds } from './tool-rounds.ts';

/** What is kept of skills in Redis. */
export type SkillStores = Pick<SkillPorts, 'catalog' | 'skillRuns' | 'toolRounds' | 'awaitedCalls' | 'drafts'>;

/** Opens every store of skills that Redis holds. */
export function createSkillStores(redis: RedisConnections): SkillStores {
  return {
    catalog: createSkillCatalog(redis),
    skillRuns: createSkillRuns(redis),
    toolRounds: createToolRounds(redis),
    awaitedCalls: createAwaitedCalls(redis),
    drafts: createSkillDrafts(redis),
  };
}
