import { TalosError } from '../domain/errors.ts';
import type { AuditLog, LockdownStore, Logger, Sandbox, SkillPorts } from '../domain/ports.ts';

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

/** The sandbox; fails with SANDBOX_UNAVAILABLE where none has been shown to hold. */
export function sandboxOf({ sandbox }: SkillPorts): Sandbox {
  if (sandbox !== undefined) return sandbox;
  throw new TalosError('SANDBOX_UNAVAILABLE', 'No sandbox holds on this machine; `talos doctor` says what to do.');
}
