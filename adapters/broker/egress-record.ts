import { TalosError } from '../../domain/errors.ts';
import type { AuditLog } from '../../domain/ports.ts';
import type { EgressAttempt } from '../../domain/sandbox/run.ts';
import { egressRule } from '../../domain/skills/egress.ts';
import type { SkillManifest } from '../../domain/skills/manifest.ts';

type Attempt = Pick<EgressAttempt, 'host' | 'method'>;

/** Every try of one run to reach a host, kept as evidence and audited before anything is dialled. */
export type EgressRecord = {
  readonly attempts: () => readonly EgressAttempt[];
  /** Resolves once the audit log has it; `settle` adds what came of it. Fails with TOO_MANY_REQUESTS or AUDIT_UNAVAILABLE. */
  allow(attempt: Attempt): Promise<{ settle(outcome: Partial<EgressAttempt>): void }>;
  /** Records and then fails: with PERMISSION_DENIED unless told otherwise. */
  refuse(attempt: Attempt, reason: string, failure?: TalosError): Promise<never>;
};

type Run = { readonly runId: string; readonly manifest: Pick<SkillManifest, 'id'> };
type Options = { readonly audit: AuditLog; readonly now?: () => number };

/** Makes the record of one run. */
export function createEgressRecord({ runId, manifest }: Run, { audit, now = Date.now }: Options): EgressRecord {
  const attempts: EgressAttempt[] = [];
  const times: number[] = [];

  function countOne(): void {
    const at = now();
    const { mostAttempts, mostPerSecond } = egressRule;
    if (times.length >= mostAttempts) throw tooMany(`A run tries to reach hosts at most ${mostAttempts} times.`);
    const before = times.at(-mostPerSecond);
    if (before !== undefined && at - before < 1000) throw tooMany(`At most ${mostPerSecond} tries are made a second.`);
    times.push(at);
  }

  async function write({ host, method, allowed, reason }: EgressAttempt): Promise<number> {
    const details = { run: runId, host, method, allowed, ...(reason !== undefined && { reason }) };
    await audit.append({ type: 'skill-egress', actor: 'skill', subject: manifest.id, details });
    return attempts.push({ host, method, allowed, bytes: 0, ...(reason !== undefined && { reason }) }) - 1;
  }

  return {
    attempts: () => [...attempts],

    async allow(attempt) {
      countOne();
      const index = await write({ ...attempt, allowed: true, bytes: 0 });
      return {
        settle(outcome) {
          const known = attempts[index];
          if (known !== undefined) attempts[index] = { ...known, ...outcome };
        },
      };
    },

    async refuse(attempt, reason, failure) {
      countOne();
      await write({ ...attempt, allowed: false, bytes: 0, reason });
      throw (
        failure ??
        new TalosError('PERMISSION_DENIED', `The skill may not reach ${attempt.host}: ${reason}.`, {
          details: { host: attempt.host },
        })
      );
    },
  };
}

function tooMany(message: string): TalosError {
  return new TalosError('TOO_MANY_REQUESTS', message);
}
