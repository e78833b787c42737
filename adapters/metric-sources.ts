import type { NativeConnection } from '@temporalio/worker';

import type { CloudModel, CloudState } from '../domain/cloud/ports.ts';
import type { GpuBoard } from '../domain/gpu/ports.ts';
import type { GpuReport } from '../domain/gpu/report.ts';
import type { ResidentModel } from '../domain/models/model.ts';
import type { LanguageModel, VectorStore } from '../domain/ports.ts';
import type { SkillCatalog, SkillShelf } from '../domain/skills/ports.ts';
import { MemoryCollection } from '../domain/retrieval/memory.ts';
import { shelfOf } from '../domain/skills/change.ts';
import { summarise } from '../domain/skills/view.ts';
import type { RedisConnections } from './redis.ts';

type SourceOptions = {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly gpuTaskQueue: string;
  readonly redis: RedisConnections;
  readonly vectors: VectorStore;
  readonly model: LanguageModel;
  readonly cloud: CloudModel;
  readonly catalog: SkillCatalog;
  readonly gpuBoard: GpuBoard;
};

/** Reads the figures of `/metrics` where they arise; each rejects while its engine is away. */
export function createMetricSources(options: SourceOptions) {
  const { connection, namespace, redis, vectors, model, cloud, catalog } = options;
  return {
    gpus: (): Promise<GpuReport[]> => options.gpuBoard.reports(),

    residentModels: (): Promise<ResidentModel[]> => model.resident(),

    cloud: (): Promise<CloudState> => cloud.state(),

    async redisMemoryBytes(): Promise<number> {
      const info = await redis.call((commands) => commands.info('memory'));
      return Number(/^used_memory:(\d+)/m.exec(info)?.[1] ?? Number.NaN);
    },

    async vectorCount(): Promise<number> {
      const counts = await Promise.all(MemoryCollection.options.map((collection) => vectors.count(collection)));
      return counts.reduce((sum, count) => sum + count, 0);
    },

    async skillCounts(): Promise<{ active: number; quarantine: number }> {
      const lives = await catalog.list();
      const versions = lives.flatMap((life) => summarise(life));
      const on = (shelf: SkillShelf) => versions.filter(({ state }) => shelfOf(state) === shelf).length;
      return { active: on('active'), quarantine: on('quarantine') };
    },

    /** Work that waits for the GPU slot. */
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
