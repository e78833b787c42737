import { readdir } from 'node:fs/promises';

import type { NativeConnection } from '@temporalio/worker';

import type { HomePaths } from '../domain/config/paths.ts';
import type { ResidentModel } from '../domain/models/model.ts';
import type { LanguageModel, VectorStore } from '../domain/ports.ts';
import { MemoryCollection } from '../domain/retrieval/memory.ts';
import type { RedisConnections } from './redis.ts';

type SourceOptions = {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly gpuTaskQueue: string;
  readonly redis: RedisConnections;
  readonly vectors: VectorStore;
  readonly model: LanguageModel;
  readonly paths: HomePaths;
};

/** Reads the figures of `/metrics` where they arise; each rejects while its engine is away. */
export function createMetricSources(options: SourceOptions) {
  const { connection, namespace, redis, vectors, model, paths } = options;
  return {
    residentModels: (): Promise<ResidentModel[]> => model.resident(),

    async redisMemoryBytes(): Promise<number> {
      const info = await redis.call((commands) => commands.info('memory'));
      return Number(/^used_memory:(\d+)/m.exec(info)?.[1] ?? Number.NaN);
    },

    async vectorCount(): Promise<number> {
      const counts = await Promise.all(MemoryCollection.options.map((collection) => vectors.count(collection)));
      return counts.reduce((sum, count) => sum + count, 0);
    },

    async skillCounts(): Promise<{ active: number; quarantine: number }> {
      const [active, quarantine] = await Promise.all([
        readdir(`${paths.skills}/active`),
        readdir(`${paths.skills}/quarantine`),
      ]);
      return { active: active.length, quarantine: quarantine.length };
    },

    /** Messages that wait for the GPU slot. */
    async gpuQueue(): Promise<number> {
      const { stats } = await connection.workflowService.describeTaskQueue({
        namespace,
        taskQueue: { name: options.gpuTaskQueue },
        taskQueueType: 2, // TASK_QUEUE_TYPE_ACTIVITY
        reportStats: true,
      });
      return Number(stats?.approximateBacklogCount ?? 0);
    },
  };
}
