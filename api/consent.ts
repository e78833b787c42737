import type { Request } from 'express';

import type { ApprovalAttempt, ApprovalRequest, ApprovalTicket, Redemption } from '../domain/approval/code.ts';
import { approvalLocked } from '../domain/approval/lockout.ts';
import { TalosError } from '../domain/errors.ts';
import { callerOf } from './caller.ts';
import type { ApiDeps } from './deps.ts';

type Deps = Pick<ApiDeps, 'approvals' | 'audit' | 'now'>;

/** Asks the owner for consent by a code, and takes it; both are audited, and the code itself is in nothing of that. */
export type Consent = {
  /** Sends the owner a code. Fails with APPROVAL_LOCKED or APPROVAL_UNDELIVERED. */
  ask(request: ApprovalRequest, by: string): Promise<ApprovalTicket>;
  /** The id of the approval, once. Fails with APPROVAL_REFUSED or APPROVAL_LOCKED; then nothing may happen. */
  take(attempt: ApprovalAttempt, by: string): Promise<string>;
};

/** Makes the one way by which routes get the owner's consent. */
export function createConsent({ approvals, audit, now }: Deps): Consent {
  return {
    async ask(request, by) {
      await audit.append({ type: 'approval-requested', actor: by, ...facts(request) });
      return approvals.request(request);
    },

    async take(attempt, by) {
      const result = await approvals.redeem(attempt);
      if (result.kind === 'accepted') {
        await audit.append({ type: 'approval-accepted', actor: by, ...facts(attempt, { approval: result.id }) });
        return result.id;
      }
      await audit.append({ type: 'approval-refused', actor: by, ...facts(attempt, { reason: result.kind }) });
      throw refusal(result, now());
    },
  };
}

/** Who asks, for the audit log. */
export function actorOf(request: Request, { config }: Pick<ApiDeps, 'config'>): string {
  return callerOf(request).isOwner ? 'owner' : config.web.user;
}

function facts({ action, subject, binding }: ApprovalRequest, more: Record<string, string> = {}) {
  return { subject, details: { action, binding, ...more } };
}

function refusal(result: Exclude<Redemption, { kind: 'accepted' }>, at: number): TalosError {
  switch (result.kind) {
    case 'wrong':
      return new TalosError(
        'APPROVAL_REFUSED',
        `The approval code is wrong for this; ${result.left} guesses are left. Read it with: talos codes`,
      );
    case 'none':
      return new TalosError(
        'APPROVAL_REFUSED',
        'No approval code is open for this; it was used, voided or is older than five minutes. Ask for a new one.',
      );
    case 'locked':
      return approvalLocked(result.until, at);
  }
}
