import { z } from 'zod';

/** What a GPU does, as its worker tells. Times are milliseconds since 1970. */
export const GpuReport = z
  .strictObject({
    state: z.enum(['idle', 'loading-coder', 'loading-vision', 'ready', 'unloading', 'error']),
    model: z.string().optional().meta({ description: 'The chat model this is about' }),
    holder: z.string().optional().meta({ description: 'The work that has the GPU' }),
    since: z.int(),
    reason: z.enum(['load-failed', 'load-timed-out', 'unload-failed']).optional(),
  })
  .meta({ id: 'GpuReport' });
export type GpuReport = z.infer<typeof GpuReport>;

/** Reports of several GPUs, those in use first, then the latest change. */
export function busiestFirst(reports: readonly GpuReport[]): GpuReport[] {
  const isHeld = ({ holder }: GpuReport) => (holder === undefined ? 0 : 1);
  return reports.toSorted((a, b) => isHeld(b) - isHeld(a) || b.since - a.since);
}

/** The models that are in memory by these reports, of an engine that puts a model away `idleMs` after its last use. */
export function loadedModels(reports: readonly GpuReport[], { at, idleMs }: { at: number; idleMs: number }): string[] {
  const isLoaded = ({ state, holder, since }: GpuReport) =>
    state === 'ready' && (holder !== undefined || at - since < idleMs);
  return reports.filter(isLoaded).flatMap(({ model }) => model ?? []);
}
