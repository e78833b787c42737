import { Client } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import type { NativeConnection } from '@temporalio/worker';

import type { AgentRuntime } from '../domain/ports.ts';
import {
  decideCall,
  decideCloud,
  type LockdownInput,
  lockdownWorkflowId,
  type MessageInput,
  messageWorkflowId,
  unlock,
} from '../workflows/messages.ts';
import { callTemporal } from './temporal-call.ts';
import { cancelRunning, cancelWorkflow, ifFound, sameRun, startOnce, workflowState } from './temporal-workflows.ts';

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

  const call = <T>(work: () => Promise<T>) => callTemporal(connection, callTimeoutMs, work);
  const ping = (signal: AbortSignal) =>
    connection.withAbortSignal(signal, () => client.workflowService.getSystemInfo({}));
  return {
    ping: (signal) => call(async () => void (await ping(signal))),
    startMessage: (start) => call(() => startMessage(client, options, start)),
    stopMessage: (ref) => call(() => cancelRunning(client, messageWorkflowId(ref))),
    decideCall: (ref, decision) =>
      call(() => ifFound(() => client.workflow.getHandle(messageWorkflowId(ref)).signal(decideCall, decision))),
    decideCloud: (ref, decision) =>
      call(() => ifFound(() => client.workflow.getHandle(messageWorkflowId(ref)).signal(decideCloud, decision))),
    messageRun: (ref) => call(() => workflowState(client, messageWorkflowId(ref))),
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
      ...sameRun,
      taskQueue: options.taskQueue,
      args: [input],
      requestEagerStart: options.eagerStart,
      staticSummary: summary,
      typedSearchAttributes: [{ key: conversationAttribute, value: start.conversation }],
    }),
  );
}

/** In place of one that is open, also of one whose unlock never came through: each panic stops what runs by now. */
async function startLockdown(client: Client, taskQueue: string, order: LockdownInput): Promise<void> {
  await startOnce(() =>
    client.workflow.start('lockdown', {
      workflowId: lockdownWorkflowId,
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      workflowIdConflictPolicy: 'TERMINATE_EXISTING',
      taskQueue,
      args: [order],
      staticSummary: `Locked down by ${order.by}`,
    }),
  );
}

async function cancelMessages(client: Client, taskQueue: string): Promise<number> {
  const query = `WorkflowType IN ('message', 'skillRun', 'skillDraft', 'skillEval', 'dreamCycle', 'modelPull', 'modelAutopull') AND ExecutionStatus = 'Running' AND TaskQueue = '${taskQueue}'`;
  let cancelled = 0;
  for await (const { workflowId } of client.workflow.list({ query })) {
    if (await cancelWorkflow(client, workflowId)) cancelled += 1;
  }
  return cancelled;
}
