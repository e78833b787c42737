import {
  condition,
  getExternalWorkflowHandle,
  isCancellation,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';

import { messageWorkflowId, type MessageRef } from '../domain/chat.ts';
import { askTurn, yourTurn } from './messages.ts';
import { local } from './proxies.ts';

/** How often a predecessor is asked that is neither settled nor running: its start may still be on its way. */
const startGraceTries = 10;

/** Keeps the messages of a conversation in order, by signals between their workflows. */
export function createTurns() {
  let settled = false;
  let mine = false;
  setHandler(yourTurn, () => {
    mine = true;
  });
  setHandler(askTurn, async (workflowId) => {
    await condition(() => settled);
    await signalled(workflowId, (handle) => handle.signal(yourTurn));
  });

  return {
    /** Lets every message that waits for this one go on. */
    give(): void {
      settled = true;
    },

    /** Returns once the predecessor is settled, has ended some other way, or was never started. */
    async await(predecessor: MessageRef): Promise<void> {
      const { workflowId } = workflowInfo();
      for (let tries = 0; tries < startGraceTries; tries += 1) {
        const asked = await signalled(messageWorkflowId(predecessor), (handle) => handle.signal(askTurn, workflowId));
        if (asked) {
          // The minute is for a predecessor that is terminated by hand and so never answers.
          if (await condition(() => mine, '1 minute')) return;
          tries = 0;
        } else {
          if (await local.isSettled(predecessor)) return;
          await sleep('500 milliseconds');
        }
      }
    },
  };
}

type ExternalHandle = ReturnType<typeof getExternalWorkflowHandle>;

/** False when no such workflow runs. */
async function signalled(workflowId: string, signal: (handle: ExternalHandle) => Promise<void>): Promise<boolean> {
  try {
    await signal(getExternalWorkflowHandle(workflowId));
    return true;
  } catch (thrown) {
    if (isCancellation(thrown)) throw thrown;
    return false; // the only other failure of such a signal: that workflow has ended or never was
  }
}
