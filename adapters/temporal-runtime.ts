import { Client, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import type { NativeConnection } from '@temporalio/worker';

import type { MessageRef } from '../domain/chat.ts';
import { TalosError } from '../domain/errors.ts';
import type { AgentRuntime } from '../domain/ports.ts';
import {
  type LockdownInput,
  lockdownWorkflowId,
  type MessageInput,
  messageWorkflowId,
  unlock,
} from '../workflows/messages.ts';

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
  const { connection, namespace } = options;
  const client = new Client({ connection, namespace });

  async function call<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await connection.withDeadline(Date.now() + callTimeoutMs, work);
    } catch (cause) {
      throw new TalosError('RUNTIME_UNAVAILABLE', 'Temporal cannot be reached; check `talos doctor`, then try again.', {
        cause,
      });
    }
  }

  const ping = (signal: AbortSignal) =>
    connection.withAbortSignal(signal, () => client.workflowService.getSystemInfo({}));
  return {
    ping: (signal) => call(async () => void (await ping(signal))),
    startMessage: (start) => call(() => startMessage(client, options, start)),
    stopMessage: (ref) => call(() => stopMessage(client, ref)),
    messageRun: (ref) => call(() => messageRun(client, ref)),
    cancelMessages: () => call(() => cancelMessages(client, options.taskQueue)),
    startLockdown: (order) => call(() => startLockdown(client, options.taskQueue, order)),
    endLockdown: (by) =>
      call(async () => void (await ifFound(() => client.workflow.getHandle(lockdownWorkflowId).signal(unlock, by)))),
  };
}

type StartMessage = Parameters<AgentRuntime['startMessage']>[0];

async function startMessage(
  client: Client,
  options: RuntimeOptions,
  { summary, ...start }: StartMessage,
): Promise<void> {
  const input: MessageInput = { ...start, gpuWaitSeconds: options.gpuWaitSeconds };
  await startOnce(() =>
    client.workflow.start('message', {
      workflowId: messageWorkflowId(start),
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      workflowIdConflictPolicy: 'USE_EXISTING',
      taskQueue: options.taskQueue,
      args: [input],
      requestEagerStart: options.eagerStart,
      staticSummary: summary,
      typedSearchAttributes: [{ key: conversationAttribute, value: start.conversation }],
    }),
  );
}

async function startLockdown(client: Client, taskQueue: string, order: LockdownInput): Promise<void> {
  await startOnce(() =>
    client.workflow.start('lockdown', {
      workflowId: lockdownWorkflowId,
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      workflowIdConflictPolicy: 'USE_EXISTING',
      taskQueue,
      args: [order],
      staticSummary: `Locked down by ${order.by}`,
    }),
  );
}

async function messageRun(client: Client, ref: MessageRef): Promise<'running' | 'ended' | 'unknown'> {
  try {
    const { status } = await client.workflow.getHandle(messageWorkflowId(ref)).describe();
    return status.name === 'RUNNING' ? 'running' : 'ended';
  } catch (thrown) {
    if (thrown instanceof WorkflowNotFoundError) return 'unknown';
    throw thrown;
  }
}

/** The server takes the cancellation of an ended workflow without a word, so its state is asked first. */
async function stopMessage(client: Client, ref: MessageRef): Promise<boolean> {
  if ((await messageRun(client, ref)) !== 'running') return false;
  return cancel(client, messageWorkflowId(ref));
}

async function cancelMessages(client: Client, taskQueue: string): Promise<number> {
  const query = `WorkflowType = 'message' AND ExecutionStatus = 'Running' AND TaskQueue = '${taskQueue}'`;
  let cancelled = 0;
  for await (const { workflowId } of client.workflow.list({ query })) {
    if (await cancel(client, workflowId)) cancelled += 1;
  }
  return cancelled;
}

function cancel(client: Client, workflowId: string): Promise<boolean> {
  return ifFound(() => client.workflow.getHandle(workflowId).cancel());
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
