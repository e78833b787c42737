/** What a worker process can serve. */
export const workerRoles = ['core', 'gpu', 'sandbox'] as const;
export type WorkerRole = (typeof workerRoles)[number];

/** The task queue of a role. `core` is the configured name itself, the others append their own. */
export function taskQueueOf(role: WorkerRole, core: string): string {
  return role === 'core' ? core : `${core}-${role}`;
}
