import { Client, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import type { NativeConnection } from '@temporalio/worker';

import { messageWorkflowId, type MessageRef } from '../domain/chat.ts';
import { TalosError } from '../domain/errors.ts';
import type { AgentRuntime } from '../domain/ports.ts';
import { type LockdownInput, lockdownWorkflowId, type MessageInput, unlock } from '../workflows/messages.ts';

type RuntimeOptions = {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly taskQueue: string;
  readonly gpuWaitSeconds: number;
  /** Whether a core worker of this process shares the connection and takes the first task straight from the start. */
  readonly eagerStart: boolean;
};

const conversationAttribute = defineSearchAttributeKey('TalosConversationId', SearchAttributeType.KEYWORD);

/** How long one call to Temporal may take before it counts as unreachable. */
const callTimeoutMs = 5000;

/** Starts and stops workflows through the Temporal client. */
export function createTemporalRuntime(options: RuntimeOptions): AgentRuntime {
  const { connection, namespace, taskQueue } = options;
  const client = new Client({ connection, namespace });

  async function call<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await connection.withDeadline(Date.now() + callTimeoutMs, work);
    } catch (cause) {
      if (cause instanceof TalosError || cause instanceof WorkflowNotFoundError) throw cause;
      throw new TalosError('RUNTIME_UNAVAILABLE', 'Temporal cannot be reached; check `talos doctor`, then try again.', {
        cause,
      });
    }
  }

  return {
    ping: (signal) =>
      call(async () => void (await connection.withAbortSignal(signal, () => client.workflowService.getSystemInfo({})))),

    startMessage: ({ summary, ...start }) =>
      call(async () => {
        const input: MessageInput = { ...start, gpuWaitSeconds: options.gpuWaitSeconds };
        await startOnce(() =>
          client.workflow.start('message', {
            workflowId: messageWorkflowId(start),
            workflowIdReusePolicy: 'REJECT_DUPLICATE',
            workflowIdConflictPolicy: 'USE_EXISTING',
            taskQueue,
            args: [input],
            requestEagerStart: options.eagerStart,
            staticSummary: summary,
            typedSearchAttributes: [{ key: conversationAttribute, value: start.conversation }],
          }),
        );
      }),

    stopMessage: (ref) => call(() => cancel(messageWorkflowId(ref))),

    messageRun: (ref) => call(() => describe(ref)),

    cancelMessages: () =>
      call(async () => {
        const query = `WorkflowType = 'message' AND ExecutionStatus = 'Running' AND TaskQueue = '${taskQueue}'`;
        const cancelled: boolean[] = [];
        for await (const { workflowId } of client.workflow.list({ query })) cancelled.push(await cancel(workflowId));
        return cancelled.filter(Boolean).length;
      }),

    startLockdown: (order) =>
      call(async () => {
        const input: LockdownInput = order;
        await startOnce(() =>
          client.workflow.start('lockdown', {
            workflowId: lockdownWorkflowId,
            workflowIdReusePolicy: 'ALLOW_DUPLICATE',
            workflowIdConflictPolicy: 'USE_EXISTING',
            taskQueue,
            args: [input],
            staticSummary: `Locked down by ${order.by}`,
          }),
        );
      }),

    endLockdown: (by) =>
      call(async () => {
        await ifFound(() => client.workflow.getHandle(lockdownWorkflowId).signal(unlock, by));
      }),
  };

  function cancel(workflowId: string): Promise<boolean> {
    return ifFound(() => client.workflow.getHandle(workflowId).cancel());
  }

  async function describe(ref: MessageRef): Promise<'running' | 'ended' | 'unknown'> {
    try {
      const { status } = await client.workflow.getHandle(messageWorkflowId(ref)).describe();
      return status.name === 'RUNNING' ? 'running' : 'ended';
    } catch (thrown) {
      if (thrown instanceof WorkflowNotFoundError) return 'unknown';
      throw thrown;
    }
  }
}

/** A workflow that was started before is as good as started. */
async function startOnce(start: () => Promise<unknown>): Promise<void> {
  try {
    await start();
  } catch (thrown) {
    if (!(thrown instanceof WorkflowExecutionAlreadyStartedError)) throw thrown;
  }
}

async function ifFound(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (thrown) {
    if (thrown instanceof WorkflowNotFoundError) return false;
    throw thrown;
  }
}
