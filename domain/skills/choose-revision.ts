import type { SkillLife } from './life.ts';
import type { SkillId } from './manifest.ts';
import type { FailedInput } from './draft.ts';
import type { SkillRunRecord } from './run.ts';

/** From which trust level on the agent may propose skills at night. */
export const revisionLevel = 4;

/** More inputs than these are not shown to the model. */
export const mostFailures = 5;

/** A skill and the runs of it that its own faults ended. */
export type FailedSkill = { readonly life: SkillLife; readonly runs: readonly SkillRunRecord[] };

/** The skill that failed most, with the inputs it failed at; of equal ones the first. Undefined where nothing can be mended. */
export function chooseRevision(
  skills: readonly FailedSkill[],
): { readonly skill: SkillId; readonly failures: FailedInput[] } | undefined {
  const choices = skills
    .filter(({ life }) => life.active !== undefined && life.candidate === undefined)
    .map(({ life, runs }) => ({ skill: life.id, failures: failuresOf(life, runs) }))
    .filter(({ failures }) => failures.length > 0);
  return choices.toSorted((a, b) => b.failures.length - a.failures.length)[0];
}

/** Different inputs whose runs the version in use is to blame for; newest first. */
function failuresOf({ active }: SkillLife, runs: readonly SkillRunRecord[]): FailedInput[] {
  const failures = runs.flatMap(({ inputHash, input, result }) => {
    const isOwnFault = result?.state === 'failed' && result.blame === 'skill' && result.hash === active?.hash;
    if (!isOwnFault || input === undefined) return [];
    return [{ inputHash, input, problem: (result.error?.message ?? 'it gave no result').slice(0, 500).toWellFormed() }];
  });
  const distinct = failures.filter(
    ({ inputHash }, index) => failures.findIndex((other) => other.inputHash === inputHash) === index,
  );
  return distinct.slice(0, mostFailures);
}
