/** What a worker process can serve: the pipeline, the model, the skills. One task queue each. */
export const workerRoles = ['core', 'gpu', 'sandbox'] as const;
export type WorkerRole = (typeof workerRoles)[number];
