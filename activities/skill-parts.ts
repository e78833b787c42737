import { TalosError } from '../domain/errors.ts';
import type { AuditLog, LockdownStore, Logger } from '../domain/ports.ts';
import type { Sandbox, SkillPorts } from '../domain/skills/ports.ts';

/** What the steps of skills need; without `skillPorts` this process has none. */
export type SkillDeps = {
  readonly skillPorts?: SkillPorts;
  readonly audit: AuditLog;
  readonly lockdown: LockdownStore;
  readonly logger: Logger;
  now(): number;
  readonly settings: { readonly trustLevel: number; readonly strikeThreshold: number };
};

/** The ports of skills; fails with SANDBOX_UNAVAILABLE where there are none. */
export function skillParts({ skillPorts }: SkillDeps): SkillPorts {
  if (skillPorts !== undefined) return skillPorts;
  throw new TalosError('SANDBOX_UNAVAILABLE', 'This process serves no skills; `talos doctor` says what is missing.');
}

/** Containment is put to the test within this time, or counts as not shown. */
const proofTimeoutMs = 60_000;

/**
 * The sandbox once it has been shown to hold; the first success counts for this process, so that a machine that was mended runs
 * skills without a restart. Fails with SANDBOX_UNAVAILABLE and the fix.
 */
export async function provenSandbox({ sandbox }: SkillPorts): Promise<Sandbox> {
  if (sandbox === undefined) {
    throw new TalosError('SANDBOX_UNAVAILABLE', 'No sandbox holds on this machine; `talos doctor` says what to do.');
  }
  await sandbox.prove(AbortSignal.timeout(proofTimeoutMs));
  return sandbox;
}
