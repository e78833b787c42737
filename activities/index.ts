import { activityInfo } from '@temporalio/activity';

import type { Ports } from '../domain/ports.ts';
import type { WorkerRole } from '../domain/worker-role.ts';
import { createLockdownActivities } from './lockdown.ts';
import { createMemoryActivities } from './memory.ts';
import { createMemorySearch } from './memory-search.ts';
import { createModelActivities, type ModelSettings } from './model.ts';
import { createPatience } from './patience.ts';
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
export function createActivities(given: ActivityDeps) {
  const patience = createPatience({ now: () => given.now(), step: currentStep });
  const deps = { ...given, patience, search: createMemorySearch(given) };
  return {
    ...createScreeningActivities(deps),
    ...createMemoryActivities(deps),
    ...createModelActivities(deps),
    ...createSettlingActivities(deps),
    ...createLockdownActivities(deps),
  };
}

export type Activities = ReturnType<typeof createActivities>;

/**
 * The activities of each task queue. What holds the GPU is alone on its queue; skills will run on the sandbox queue, and until
 * there are any no worker polls it.
 */
export function activitiesOf(role: WorkerRole, activities: Activities): Partial<Activities> {
  const { generateReply, ...core } = activities;
  const byRole = { core, gpu: { generateReply }, sandbox: {} } satisfies Record<WorkerRole, Partial<Activities>>;
  return byRole[role];
}

function currentStep() {
  const { workflowExecution, activityId, attempt } = activityInfo();
  return { id: `${workflowExecution?.workflowId}/${activityId}`, attempt };
}
