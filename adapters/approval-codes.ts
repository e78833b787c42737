import { createHmac, hkdfSync, type KeyObject, randomInt, randomUUID } from 'node:crypto';

import { codeLifeMs, type OpenCode } from '../domain/approval/book.ts';
import { approvalLocked } from '../domain/approval/lockout.ts';
import type { ApprovalAttempt, ApprovalRequest, OpenApproval, Redemption } from '../domain/approval/code.ts';
import type { ApprovalCodes, CodeDelivery } from '../domain/ports.ts';

/** Keeps the proofs of open codes and counts wrong guesses; each call is one step that others cannot come between. */
export interface ApprovalLedger {
  issue(code: OpenCode): Promise<{ kind: 'issued' } | { kind: 'locked'; until: number }>;
  redeem(guess: ApprovalRequest & { proof: string; at: number }): Promise<Redemption>;
  cancel(code: OpenApproval): Promise<void>;
  open(at: number): Promise<OpenApproval[]>;
}

type Options = {
  readonly ledger: ApprovalLedger;
  /** From approvalKey; whoever has it can tell codes from their proofs. */
  readonly key: Uint8Array;
  readonly delivery: CodeDelivery;
  readonly now?: () => number;
  readonly newId?: () => string;
  /** Four digits nobody can foresee. */
  readonly newCode?: () => string;
};

/** Says what a key or proof is for, so that one of another kind is never taken for it. */
const purpose = 'talos-approval-codes-v1';

/** Derives the key of the proofs from the private key of the node. */
export function approvalKey(nodeKey: KeyObject): Uint8Array {
  const secret = nodeKey.export({ format: 'der', type: 'pkcs8' });
  return new Uint8Array(hkdfSync('sha256', secret, '', purpose, 32));
}

/** Approval codes over a ledger that never sees one: it holds an HMAC of code, action, subject and binding. */
export function createApprovalCodes(options: Options): ApprovalCodes {
  const { ledger, key, delivery, now = Date.now, newId = randomUUID, newCode = randomCode } = options;
  const prove = ({ action, subject, binding, code }: ApprovalAttempt) =>
    createHmac('sha256', key)
      .update(JSON.stringify([purpose, action, subject, binding, code]))
      .digest('hex');

  return {
    async request({ action, subject, binding }) {
      const issuedAt = now();
      const open = { action, subject, binding, id: newId(), issuedAt, expiresAt: issuedAt + codeLifeMs };
      const code = newCode();
      const result = await ledger.issue({ ...open, proof: prove({ ...open, code }) });
      if (result.kind === 'locked') throw approvalLocked(result.until, issuedAt);
      const ticket = { id: open.id, expiresAt: open.expiresAt };
      try {
        await delivery.deliver({ action, subject, binding, ...ticket, code });
      } catch (cause) {
        await ledger.cancel(open);
        throw cause;
      }
      return ticket;
    },

    redeem({ action, subject, binding, code }) {
      const guess = { action, subject, binding, code: /^[0-9]{4}$/.test(code) ? code : 'no code' };
      return ledger.redeem({ action, subject, binding, proof: prove(guess), at: now() });
    },

    open: () => ledger.open(now()),
  };
}

function randomCode(): string {
  return String(randomInt(10_000)).padStart(4, '0');
}
