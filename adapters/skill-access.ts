import type { NativeConnection } from '@temporalio/worker';

import type { Config } from '../domain/config/parse.ts';
import { homePaths } from '../domain/config/paths.ts';
import type { AwaitedCalls, SkillBundles, SkillCatalog, SkillRuns, SkillRuntime, SkillStore } from '../domain/ports.ts';
import { createAwaitedCalls } from './awaited-calls.ts';
import type { RedisConnections } from './redis.ts';
import { createSkillBundles } from './skill-bundles.ts';
import { createSkillCatalog } from './skill-catalog.ts';
import { createSkillFiles } from './skill-files.ts';
import { createBundleTools } from './skill-reader.ts';
import { createSkillRuns } from './skill-runs.ts';
import { createTemporalSkills } from './temporal-skills.ts';

/** What the API reaches skills by; it runs none itself. */
export type SkillAccess = {
  readonly skills: SkillStore;
  readonly catalog: SkillCatalog;
  readonly skillRuns: SkillRuns;
  readonly skillRuntime: SkillRuntime;
  readonly skillBundles: SkillBundles;
  readonly awaitedCalls: AwaitedCalls;
};

type SkillAccessOptions = {
  readonly config: Config;
  readonly redis: RedisConnections;
  readonly connection: NativeConnection;
  /** Whether a core worker of this process shares the connection. */
  readonly eagerStart: boolean;
  /** Variables git needs to reach others from here. */
  readonly gitEnvironment: Readonly<Record<string, string>>;
};

/** Opens the way to skills over the connections of a process. */
export function createSkillAccess(options: SkillAccessOptions): SkillAccess {
  const { config, redis, connection, eagerStart } = options;
  const { tmp, skills: dir } = homePaths(config);
  const { namespace, taskQueue } = config.temporal;
  const tools = createBundleTools({ maxBytes: config.skills.maxSizeBytes });
  return {
    skills: createSkillFiles({ dir, tools, now: Date.now }),
    catalog: createSkillCatalog(redis),
    skillRuns: createSkillRuns(redis),
    awaitedCalls: createAwaitedCalls(redis),
    skillRuntime: createTemporalSkills({ connection, namespace, taskQueue, eagerStart }),
    skillBundles: createSkillBundles({ tools, git: { protocols: ['https'], env: options.gitEnvironment, tmp } }),
  };
}
