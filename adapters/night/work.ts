import type { Config } from '../../domain/config/parse.ts';
import { homePaths } from '../../domain/config/paths.ts';
import type { NightWork } from '../../domain/night/ports.ts';
import type { AuditLog, VectorStore } from '../../domain/ports.ts';
import type { SkillCatalog } from '../../domain/skills/ports.ts';
import type { RedisConnections } from '../redis.ts';
import { createLogsPhase } from './logs-phase.ts';
import { createFindOrphans } from './memory-orphans.ts';
import { createMemoryPhase } from './memory-phase.ts';
import { createRedisPhase } from './redis-phase.ts';
import { createZombiesPhase } from './zombies-phase.ts';

/** What the phases of the nightly maintenance work on. */
export type NightWorkOptions = {
  readonly config: Config;
  readonly redis: RedisConnections;
  readonly vectors: VectorStore;
  readonly catalog: SkillCatalog;
  readonly audit: AuditLog;
  readonly now: () => number;
};

/** The phases that keep the house; what is told of its health comes from elsewhere. */
export function createNightWork({
  config,
  redis,
  vectors,
  catalog,
  audit,
  now,
}: NightWorkOptions): Omit<NightWork, 'health'> {
  const paths = homePaths(config);
  return {
    redis: createRedisPhase({ redis, images: paths.images, ceilingBytes: config.redis.maxMemoryBytes, now }),
    memory: createMemoryPhase({
      vectors,
      findOrphans: createFindOrphans({ redis, catalog, skills: paths.skills }),
      audit,
      ceiling: config.chroma.maxVectors,
      now,
    }),
    logs: createLogsPhase({
      folders: [
        { dir: paths.operations, keepDays: config.upkeep.tier2Days },
        { dir: paths.debug, keepDays: config.upkeep.tier3Days },
      ],
      now,
    }),
    zombies: createZombiesPhase({ logDir: paths.operations, tmp: paths.tmp, ...containersOf(config), now }),
  };
}

/** What knows containers is loaded only where sandboxes are containers. */
function containersOf({ skills }: Config) {
  if (skills.sandboxDriver !== 'docker') return {};
  return {
    async removeContainers(before: number): Promise<number> {
      const { removeOldContainers } = await import('../sandbox/docker-leftovers.ts');
      return removeOldContainers(skills.socketProxyUrl, before);
    },
  };
}
