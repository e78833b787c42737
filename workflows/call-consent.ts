import { CancellationScope, condition, setHandler } from '@temporalio/workflow';

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
      await local.parkCall(ref, { ...call, consentSeconds });
      await onWait();
      try {
        await condition(() => decided.has(id), `${consentSeconds} seconds`);
      } finally {
        await CancellationScope.nonCancellable(() => local.unparkCall(ref, call));
      }
      const decision = decided.get(id);
      if (decision === undefined) return 'expired';
      return decision.isAllowed ? 'allowed' : 'refused';
    },
  };
}
