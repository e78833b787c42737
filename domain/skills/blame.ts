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
};

/** Verdicts that say the skill tried to leave its sandbox. */
const securityVerdicts: ReadonlySet<SandboxVerdict> = new Set([
  'network-denied',
  'fs-denied',
  'privilege-denied',
  'process-denied',
]);

/** Verdicts a skill may well end with because the host it asked did not answer. */
const sufferedVerdicts: ReadonlySet<SandboxVerdict> = new Set(['exception', 'timeout', 'invalid-output', 'crash']);

/** Whether a verdict is a violation that never expires. */
export function isSecurityVerdict(verdict: SandboxVerdict): boolean {
  return securityVerdicts.has(verdict);
}

/** Who is to blame for a failed run. A violation is always the skill's own, whatever else went wrong. */
export function blameFor({ verdict, isInputValid, inputBy, egress }: Fault): Blame {
  if (verdict !== undefined && isSecurityVerdict(verdict)) return 'skill';
  if (verdict === 'infrastructure' || verdict === 'cancelled') return 'environment';
  if (!isInputValid) return authorBlame[inputBy];
  if (verdict !== undefined && sufferedVerdicts.has(verdict) && egress.some(isRemoteFault)) return 'environment';
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
