import { CancellationScope, condition, patched, setHandler } from '@temporalio/workflow';

import type { MessageRef } from '../domain/chat.ts';
import type { PlannedCall } from '../domain/settlement.ts';
import type { CallDecision } from '../domain/skills/steps.ts';
import { decideCall } from './messages.ts';
import { local } from './proxies.ts';

export type CallConsent = ReturnType<typeof createCallConsent>;

/** Gets the owner's consent to calls of one message; it may come days later, after any number of restarts. */
export function createCallConsent(ref: MessageRef, onWait: () => Promise<void>) {
  const decided = new Map<string, CallDecision>();
  setHandler(decideCall, (decision) => {
    if (!decided.has(decision.call)) decided.set(decision.call, decision);
  });

  return {
    /** Whether the call may be made; a call that needs no consent always may. */
    async ask(call: PlannedCall): Promise<'allowed' | 'refused' | 'expired'> {
      const { id, consentSeconds } = call;
      if (consentSeconds === undefined) return 'allowed';
      let isParked = false;
      try {
        await local.parkCall(ref, { ...call, consentSeconds });
        isParked = true;
        await onWait();
        await condition(() => decided.has(id), `${consentSeconds} seconds`);
      } finally {
        // An attempt at asking may have got halfway when the message was stopped.
        if (isParked || patched('unpark-half-asked')) {
          await CancellationScope.nonCancellable(() => local.unparkCall(ref, call));
        }
      }
      const decision = decided.get(id);
      if (decision === undefined) return 'expired';
      return decision.isAllowed ? 'allowed' : 'refused';
    },
  };
}
