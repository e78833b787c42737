import { defineQuery, defineSignal } from '@temporalio/workflow';

import type { MessageKey, MessageRef } from '../domain/chat.ts';

/** Input of the `message` workflow: ids and limits only, the text stays in the conversation store. */
export type MessageInput = MessageRef & {
  /** The message before this one, if it was pending when this one was accepted: it answers first. */
  readonly after?: MessageKey;
  /** Longest wait for a free GPU slot. */
  readonly gpuWaitSeconds: number;
};

/** The workflow id of a message: a business key, so that a repeated start is the same run. */
export function messageWorkflowId(ref: MessageRef): string {
  return `message/${ref.conversation}/${ref.key}`;
}

/** Asks a message's workflow to send `yourTurn` to the given workflow once its own message is settled. */
export const askTurn = defineSignal<[workflowId: string]>('askTurn');

/** Tells a waiting message that the one before it is settled. */
export const yourTurn = defineSignal('yourTurn');

/** Input of the `lockdown` workflow. */
export type LockdownInput = { readonly reason: string; readonly by: string };

/** Ends the `lockdown` workflow; the flag itself is lifted by whoever sends this. */
export const unlock = defineSignal<[by: string]>('unlock');

/** How many messages the lockdown has cancelled so far. */
export const cancelledMessages = defineQuery<number>('cancelledMessages');

/** Workflow id of the one lockdown there can be. */
export const lockdownWorkflowId = 'lockdown';
