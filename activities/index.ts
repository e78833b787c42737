import type { Ports } from '../domain/ports.ts';
import { createLockdownActivities } from './lockdown.ts';
import { createMemoryActivities } from './memory.ts';
import { createModelActivities, type ModelSettings } from './model.ts';
import { createScreeningActivities } from './screening.ts';
import { createSettlingActivities } from './settling.ts';

/** What activities need besides the ports; everything not deterministic is an argument. */
export type ActivityDeps = Ports & {
  readonly settings: ModelSettings & { readonly maxLength: number; readonly memoryItems: number };
  now(): number;
  /** An unguessable word, new at every call. */
  newMarker(): string;
};

/** Every activity of Talos, by name. */
export function createActivities(deps: ActivityDeps) {
  return {
    ...createScreeningActivities(deps),
    ...createMemoryActivities(deps),
    ...createModelActivities(deps),
    ...createSettlingActivities(deps),
    ...createLockdownActivities(deps),
  };
}

export type Activities = ReturnType<typeof createActivities>;

/** The one activity of the GPU queue; all others belong to the core queue. */
export function gpuActivities(activities: Activities): Pick<Activities, 'generateReply'> {
  return { generateReply: (ref) => activities.generateReply(ref) };
}
