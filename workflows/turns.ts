import { CancellationScope, condition, setHandler, sleep, workflowInfo } from '@temporalio/workflow';

import type { MessageRef } from '../domain/chat.ts';
import { askTurn, messageWorkflowId, yourTurn } from './messages.ts';
import { local } from './proxies.ts';
import { signalled } from './signalled.ts';

/** How often a predecessor is asked that is neither settled nor running: its start may still be on its way. */
const startGraceTries = 6;

/** Keeps the messages of a conversation in order, by signals between their workflows. */
export function createTurns(predecessor: MessageRef | undefined) {
  let settled = false;
  let mine = predecessor === undefined;
  setHandler(yourTurn, () => {
    mine = true;
  });
  // A stop of this message must not reach the promise to the one behind it: a cancelled handler would fail the whole workflow.
  setHandler(askTurn, (workflowId) =>
    CancellationScope.nonCancellable(async () => {
      await condition(() => settled);
      await signalled(workflowId, (handle) => handle.signal(yourTurn));
    }),
  );

  return {
    /** Lets the messages that wait for this one go on, once it is its own turn: the order holds across a message that was refused at once. */
    async give(): Promise<void> {
      await this.await();
      settled = true;
    },

    /** Returns once the predecessor is settled, has ended some other way, or was never started. */
    async await(): Promise<void> {
      if (mine || predecessor === undefined) return;
      const { workflowId } = workflowInfo();
      for (let tries = 0; tries < startGraceTries; tries += 1) {
        const asked = await signalled(messageWorkflowId(predecessor), (handle) => handle.signal(askTurn, workflowId));
        if (asked) {
          // The minute is for a predecessor that is terminated by hand and so never answers.
          if (await condition(() => mine, '1 minute')) return;
          tries = 0;
        } else {
          if (await local.isSettled(predecessor)) break;
          await sleep('500 milliseconds');
        }
      }
      mine = true;
    },
  };
}
