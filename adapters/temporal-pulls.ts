import { Client } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';

import type { PullRuntime } from '../domain/models/store.ts';
import {
  type ModelAutopullInput,
  modelAutopullWorkflowId,
  type ModelPullInput,
  modelPullWorkflowId,
  wantModel,
} from '../workflows/messages.ts';
import { callTemporal } from './temporal-call.ts';
import { cancelRunning, workflowState } from './temporal-workflows.ts';

type PullOptions = {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly taskQueue: string;
  /** First wait before another attempt at a pull. */
  readonly retryMs?: number;
};

/** How long one call to Temporal may take. */
const callTimeoutMs = 5000;

/** While it runs a second start is the same one; once it has ended it may be started anew. */
const oneAtATime = { workflowIdReusePolicy: 'ALLOW_DUPLICATE', workflowIdConflictPolicy: 'USE_EXISTING' } as const;

/** Pulls of models through the Temporal client. */
export function createTemporalPulls({ connection, namespace, taskQueue, retryMs = 2000 }: PullOptions): PullRuntime {
  const client = new Client({ connection, namespace });
  const call = <T>(work: () => Promise<T>) => callTemporal(connection, callTimeoutMs, work);

  return {
    startPull: ({ name: { asked, listed, host }, by }) =>
      call(async () => {
        const askedAt = Date.now();
        const input: ModelPullInput = { asked, by, askedAt, retryMs };
        await client.workflow.signalWithStart('modelPull', {
          workflowId: modelPullWorkflowId(listed),
          ...oneAtATime,
          taskQueue,
          args: [input],
          signal: wantModel,
          signalArgs: [askedAt],
          staticSummary: `Model ${listed} from ${host}`,
        });
      }),
    stopPull: (model) => call(() => cancelRunning(client, modelPullWorkflowId(model))),
    isPulling: (model) => call(async () => (await workflowState(client, modelPullWorkflowId(model))) === 'running'),
    startAutopull: (wanted) =>
      call(async () => {
        const input: ModelAutopullInput = { wanted, retryMs };
        await client.workflow.start('modelAutopull', {
          workflowId: modelAutopullWorkflowId,
          ...oneAtATime,
          taskQueue,
          args: [input],
          staticSummary: 'Models this machine is to have',
        });
      }),
  };
}
