import type { MetricSources } from '../../../api/deps.ts';

/** Figures of a Talos in which nothing goes on. */
export const noFigures: MetricSources = {
  residentModels: async () => [],
  redisMemoryBytes: async () => 0,
  vectorCount: async () => 0,
  skillCounts: async () => ({ active: 0, quarantine: 0 }),
  gpuQueue: async () => 0,
  cloud: async () => ({ kind: 'not-configured' }),
  gpus: async () => [],
};
