import type { WorkerRole } from '../domain/worker-role.ts';

/** The task queue of a role. `core` is the configured name itself, the others append their own. */
export function taskQueueOf(role: WorkerRole, core: string): string {
  return role === 'core' ? core : `${core}-${role}`;
}
