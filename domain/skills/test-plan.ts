import type { JsonValue } from '../json.ts';
import type { EvalCase } from './cases.ts';
import type { CleanRun } from './certificate.ts';

/** A case and the hash of its input. */
export type PlannedCase = { readonly evalCase: EvalCase; readonly inputHash: string };

/** The cases that differ by input; of equal ones the first. */
export function distinctCases(cases: readonly EvalCase[], hashJson: (value: JsonValue) => string): PlannedCase[] {
  const planned = cases.map((evalCase) => ({ evalCase, inputHash: hashJson(evalCase.input) }));
  return planned.filter(
    ({ inputHash }, index) => planned.findIndex((other) => other.inputHash === inputHash) === index,
  );
}

/** The first case no clean run counts for yet. */
export function nextCase(
  cases: readonly PlannedCase[],
  passed: readonly Pick<CleanRun, 'case' | 'inputHash'>[],
): PlannedCase | undefined {
  return cases.find(
    ({ evalCase, inputHash }) => !passed.some((run) => run.case === evalCase.id || run.inputHash === inputHash),
  );
}
