import { type ErrorCode, TalosError } from '../errors.ts';
import type { EgressAttempt, SandboxVerdict } from '../sandbox/run.ts';
import type { Blame } from './life.ts';

/** Who wrote the input of a run: a person now, a person for a schedule, the model, or the skill itself as one of its cases. */
export type InputAuthor = 'person' | 'schedule' | 'model' | 'case';

/** What is known of a run that did not end well. No verdict: the input kept it from starting. */
export type Fault = {
  readonly verdict?: SandboxVerdict;
  readonly isInputValid: boolean;
  readonly inputBy: InputAuthor;
  readonly egress: readonly EgressAttempt[];
  /** Whether a call to the host failed for a reason that is none of the skill's. */
  readonly hasHostFailed?: boolean;
};

/** Verdicts that say the skill tried to leave its sandbox. */
const securityVerdicts: ReadonlySet<SandboxVerdict> = new Set([
  'network-denied',
  'fs-denied',
  'privilege-denied',
  'process-denied',
]);

/** What a call to the host fails with for what the skill asked. */
const ownDoing: ReadonlySet<ErrorCode> = new Set([
  'PERMISSION_DENIED',
  'VALIDATION_FAILED',
  'NOT_FOUND',
  'BODY_TOO_LARGE',
  'TOO_MANY_REQUESTS',
]);

/** Verdicts a skill may well end with because the host it asked did not answer. */
const sufferedVerdicts: ReadonlySet<SandboxVerdict> = new Set(['exception', 'timeout', 'invalid-output', 'crash']);

/** Whether a verdict is a violation that never expires. */
export function isSecurityVerdict(verdict: SandboxVerdict): boolean {
  return securityVerdicts.has(verdict);
}

/** Whether a call to the host failed for a reason of the host: a store that is away, a name nobody resolves, a secret nobody set. */
export function isHostFault(thrown: unknown): boolean {
  return !(thrown instanceof TalosError && ownDoing.has(thrown.code));
}

/** Who is to blame for a failed run. A violation is always the skill's own, whatever else went wrong. */
export function blameFor({ verdict, isInputValid, inputBy, egress, hasHostFailed = false }: Fault): Blame {
  if (verdict !== undefined && isSecurityVerdict(verdict)) return 'skill';
  if (verdict === 'infrastructure' || verdict === 'cancelled') return 'environment';
  if (!isInputValid) return authorBlame[inputBy];
  const hasSuffered = hasHostFailed || egress.some(isRemoteFault);
  if (verdict !== undefined && sufferedVerdicts.has(verdict) && hasSuffered) return 'environment';
  return 'skill';
}

const authorBlame: Readonly<Record<InputAuthor, Blame>> = {
  person: 'input',
  schedule: 'input',
  model: 'model',
  case: 'skill',
};

/** The request was allowed, but the other side gave no answer, was overloaded or broken. */
function isRemoteFault({ allowed, status }: EgressAttempt): boolean {
  return allowed && (status === undefined || status === 429 || status >= 500);
}
