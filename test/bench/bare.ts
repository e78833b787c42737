import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';

import { Client } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';

import { taskQueueOf } from '../../workflows/task-queues.ts';
import { emptyActivities } from './bare-workflow.ts';

/** A worker with empty activities on the same server: what Temporal itself costs. */
export async function startBare(address: string) {
  Runtime.install({ shutdownSignals: [], logger: new DefaultLogger('ERROR') });
  const connection = await NativeConnection.connect({ address });
  const taskQueue = `bench-${randomUUID().slice(0, 8)}`;
  const namespace = 'talos';
  const workflowBundle = await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('./bare-workflow.ts', import.meta.url)),
    logger: new DefaultLogger('ERROR'),
  });
  const shared = { connection, namespace, activities: emptyActivities };
  const workers = [
    await Worker.create({ ...shared, taskQueue, workflowBundle, maxCachedWorkflows: 200 }),
    await Worker.create({
      ...shared,
      taskQueue: taskQueueOf('gpu', taskQueue),
      maxConcurrentActivityTaskExecutions: 1,
    }),
  ];
  const done = Promise.all(workers.map((worker) => worker.run()));
  const client = new Client({ connection, namespace });
  return {
    run: (after: boolean) =>
      client.workflow.execute('bare', {
        workflowId: `bench/${randomUUID()}`,
        taskQueue,
        args: [after],
        requestEagerStart: true,
      }),
    async close() {
      for (const worker of workers) worker.shutdown();
      await done;
      await connection.close();
    },
  };
}
