import { isOpen, nameOf } from '../domain/approval/book.ts';
import { OpenApproval, type Redemption } from '../domain/approval/code.ts';
import { TalosError } from '../domain/errors.ts';
import type { ApprovalLedger } from './approval-codes.ts';
import { cancelScript, issueScript, redeemScript } from './lua/approval.ts';
import type { RedisConnections } from './redis.ts';

/** The ledger of approval codes in Redis. Nothing of it has a time to live: a lock-out outlasts restarts, old codes go with the next request. */
export function createApprovalLedger({ keys, call, run }: RedisConnections): ApprovalLedger {
  const both = [keys.approvals, keys.approvalGuards];
  return {
    async issue(code) {
      const { id, proof, issuedAt, expiresAt, binding } = code;
      const text = [id, proof, issuedAt, expiresAt, binding].join(' ');
      const { kind, value } = readAnswer(await run(issueScript, { keys: both, args: [issuedAt, nameOf(code), text] }));
      return kind === 'locked' ? { kind, until: Number(value) } : { kind: 'issued' };
    },

    async redeem(guess) {
      const args = [guess.at, nameOf(guess), guess.proof];
      return toRedemption(readAnswer(await run(redeemScript, { keys: both, args })));
    },

    async cancel(code) {
      await run(cancelScript, { keys: [keys.approvals], args: [nameOf(code), code.id] });
    },

    async open(at) {
      const fields = await call((c) => c.hgetall(keys.approvals));
      return Object.entries(fields)
        .flatMap(([name, text]) => readOpen(name, text))
        .filter((code) => isOpen(code, at))
        .toSorted((a, b) => a.issuedAt - b.issuedAt);
    },
  };
}

type Answer = { readonly kind: string; readonly value: string };

function readAnswer(answer: unknown): Answer {
  if (!Array.isArray(answer)) throw new TalosError('INTERNAL', 'Redis gave no answer about an approval code.');
  const [kind, value]: unknown[] = answer;
  return { kind: String(kind), value: String(value) };
}

function toRedemption({ kind, value }: Answer): Redemption {
  switch (kind) {
    case 'accepted':
      return { kind, id: value };
    case 'wrong':
      return { kind, left: Number(value) };
    case 'locked':
      return { kind, until: Number(value) };
    default:
      return { kind: 'none' };
  }
}

/** Empty for a field that is not one of ours. */
function readOpen(name: string, text: string): OpenApproval[] {
  const [action, ...subject] = name.split('/');
  const [id, , issuedAt, expiresAt, binding] = text.split(' ');
  const code = {
    action,
    subject: subject.join('/'),
    binding,
    id,
    issuedAt: Number(issuedAt),
    expiresAt: Number(expiresAt),
  };
  const { data } = OpenApproval.safeParse(code);
  return data === undefined ? [] : [data];
}
