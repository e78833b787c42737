import type { Benefit, CleanRun } from './certificate.ts';
import { changed, type Outcome, refused, retire, unchanged, without, withoutCandidate, versionsOf } from './change.ts';
import type { SkillLife, SkillVersion } from './life.ts';
import type { BundleHash } from './manifest.ts';
import { addStrike, type SkillFault, STRIKE_THRESHOLD } from './strikes.ts';

/** So many clean runs in a row, each of another case, earn a decision. */
export const CLEAN_RUNS = 3;

/** As much of a sentence as the reason of a version holds. */
const longestReason = 500;

/** What is known of a version when it is handed in. */
export type Submission = {
  readonly hash: BundleHash;
  readonly version: string;
  readonly findings: readonly string[];
  /** The version in use that the agent had before it when it wrote this one, null for none; an owner takes precedence. */
  readonly over?: BundleHash | null | undefined;
};

/**
 * Takes a version into quarantine beside the active one; an unfinished other one gives way. What is known stays as it is: handing in
 * rejected or deprecated code again takes nothing back, which is what `restore` is for.
 */
export function submit(life: SkillLife, { hash, version, findings, over }: Submission, at: number): Outcome {
  if (isKnown(life, hash)) return unchanged(life);
  if (over !== undefined && (life.candidate !== undefined || (life.active?.hash ?? null) !== over)) {
    return refused('SKILL_NOT_READY', `Skill ${life.id} has another version by now; nothing was handed in.`);
  }
  const known = versionsOf(life).find((one) => one.hash === hash);
  const { candidate } = life;
  const end = { state: 'replaced', endedBy: 'newer-version', reason: `Version ${version} was handed in.`, at } as const;
  const past = candidate === undefined ? life.past : retire(life.past, candidate, end);
  const fresh = { hash, version, findings: [...findings], strikes: known?.strikes ?? [] };
  return changed(life, { candidate: quarantined(fresh, at), past: without(past, hash) });
}

/** Whether handing a version in again changes nothing. */
export function isKnown(life: SkillLife, hash: BundleHash): boolean {
  return versionsOf(life).some((one) => one.hash === hash && one.state !== 'replaced');
}

/** A version at the beginning of its quarantine. */
export function quarantined(
  version: Pick<SkillVersion, 'hash' | 'version' | 'findings' | 'strikes'> & { reason?: string },
  at: number,
): SkillVersion {
  return { ...version, state: 'quarantined', runs: [], submittedAt: at, changedAt: at };
}

/** Says that a run of the version under test begins. */
export function beginRuns(life: SkillLife, hash: BundleHash, at: number): Outcome {
  const { candidate } = life;
  if (candidate?.hash !== hash || candidate.state !== 'quarantined') return unchanged(life);
  return changed(life, { candidate: { ...candidate, state: 'running', changedAt: at } });
}

/** Counts a clean run. A case that counts already, by its name or its input, counts no second time. */
export function countRun(life: SkillLife, { hash, run }: { hash: BundleHash; run: CleanRun }, at: number): Outcome {
  const { candidate } = life;
  if (candidate?.hash !== hash || candidate.state !== 'running' || isTested(candidate)) return unchanged(life);
  if (candidate.runs.some((one) => one.case === run.case || one.inputHash === run.inputHash)) return unchanged(life);
  const { reason: _reason, ...rest } = candidate;
  return changed(life, { candidate: { ...rest, runs: [...candidate.runs, run], changedAt: at } });
}

type FailedRun = { readonly hash: BundleHash; readonly fault: SkillFault; readonly reason: string };

/**
 * A fault of the skill empties the count and is kept as a strike; the last one allowed rejects the version. One that was tested again by
 * itself is deprecated as before, so that it can be tested again the next time.
 */
export function failRun(life: SkillLife, { hash, fault, reason }: FailedRun, at: number): Outcome {
  const { candidate } = life;
  if (candidate?.hash !== hash || candidate.state !== 'running') return unchanged(life);
  const strikes = addStrike(candidate.strikes, fault, at);
  const struck: SkillVersion = { ...candidate, state: 'quarantined', runs: [], strikes, reason, changedAt: at };
  if (strikes.length < (fault.threshold ?? STRIKE_THRESHOLD)) return changed(life, { candidate: struck });
  const { isRetest, ...former } = struck;
  const end = isRetest
    ? ({ state: 'deprecated', reason: failedAgain(reason) } as const)
    : ({ state: 'rejected', reason } as const);
  const past = retire(life.past, former, { ...end, endedBy: 'faults', at });
  return changed(withoutCandidate(life), { past });
}

function failedAgain(reason: string): string {
  return `It was tested again and failed as before. ${reason}`.slice(0, longestReason);
}

/** Says what a run waits for that could not be made; it counts neither way. */
export function delayRun(life: SkillLife, { hash, reason }: { hash: BundleHash; reason: string }, at: number): Outcome {
  const { candidate } = life;
  if (candidate?.hash !== hash || candidate.reason === reason) return unchanged(life);
  return changed(life, { candidate: { ...candidate, reason, changedAt: at } });
}

/** Whether a version has its clean runs. */
export function isTested({ runs }: SkillVersion): boolean {
  return runs.length >= CLEAN_RUNS;
}

/** Whether a version is before the owner without how much it helps. */
export function isUnmeasured({ candidate }: SkillLife): boolean {
  return candidate?.state === 'awaiting-approval' && candidate.benefit === undefined;
}

/** Adds how much a version helps that is before the owner already. */
export function addBenefit(life: SkillLife, { hash, benefit }: { hash: BundleHash; benefit: Benefit }): Outcome {
  const { candidate } = life;
  if (candidate?.hash !== hash || !isUnmeasured(life)) return unchanged(life);
  return changed(life, { candidate: { ...candidate, benefit } });
}

type Measured = { readonly hash: BundleHash; readonly benefit?: Benefit | undefined };

/** Puts a tested version before the owner, with how much it helps if that was measured. */
export function askOwner(life: SkillLife, { hash, benefit }: Measured, at: number): Outcome {
  const { candidate } = life;
  if (candidate?.hash !== hash || candidate.state !== 'running') return unchanged(life);
  if (!isTested(candidate)) return refused('SKILL_NOT_READY', `Skill ${life.id} lacks clean runs; wait for them.`);
  const state = 'awaiting-approval' as const;
  return changed(life, { candidate: { ...candidate, state, ...(benefit && { benefit }), changedAt: at } });
}
