import type { GpuBoard } from '../../domain/gpu/ports.ts';
import { busiestFirst, type GpuReport } from '../../domain/gpu/report.ts';

/** What the workers of a test say of their GPUs; boards over the same map see the same. */
export function createMemoryGpuBoard(worker: string, all = new Map<string, GpuReport>()): GpuBoard {
  return {
    publish: (report) => void all.set(worker, report),
    reports: async () => busiestFirst([...all.values()]),
    close: async () => void all.delete(worker),
  };
}
