import { type NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';

import { type Activities, activitiesOf } from '../activities/index.ts';
import type { Logger } from '../domain/log.ts';
import type { WorkerRole } from '../domain/worker-role.ts';
import { taskQueueOf } from '../workflows/task-queues.ts';
import { createFailureInterceptor } from './failure-interceptor.ts';

type WorkerDeps = {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly taskQueue: string;
  readonly activities: Activities;
  readonly logger: Logger;
  /** File of the prebuilt workflow code; only the core role needs it. */
  readonly bundlePath: string;
};

/** Creates the Temporal worker of one role; `run()` serves until `shutdown()`, which lets running activities end for ten seconds. */
export function createWorker(role: WorkerRole, deps: WorkerDeps): Promise<Worker> {
  return Worker.create({
    connection: deps.connection,
    namespace: deps.namespace,
    taskQueue: taskQueueOf(role, deps.taskQueue),
    shutdownGraceTime: '10 seconds',
    shutdownForceTime: '15 seconds',
    activities: activitiesOf(role, deps.activities),
    interceptors: { activity: [createFailureInterceptor(deps.logger)] },
    ...roleOptions(role, deps),
  });
}

function roleOptions(role: WorkerRole, { bundlePath }: WorkerDeps): Partial<WorkerOptions> {
  switch (role) {
    case 'core':
      // The throttle lets a stop reach an answer of the cloud, or the nightly maintenance, at the next heartbeat.
      return {
        workflowBundle: { codePath: bundlePath },
        maxCachedWorkflows: 200,
        workflowThreadPoolSize: 1,
        maxHeartbeatThrottleInterval: '300 milliseconds',
      };
    case 'gpu':
      // One slot is the VRAM mutex. The throttle lets a stop reach the model at the next heartbeat.
      return { maxConcurrentActivityTaskExecutions: 1, maxHeartbeatThrottleInterval: '300 milliseconds' };
    case 'sandbox':
      // Two sandboxes at once; a stop reaches them at the next heartbeat.
      return { maxConcurrentActivityTaskExecutions: 2, maxHeartbeatThrottleInterval: '300 milliseconds' };
  }
}
