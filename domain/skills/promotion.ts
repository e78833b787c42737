import { changed, type Outcome, type Refusal, refused, retire, unchanged, withoutCandidate } from './change.ts';
import type { EndedBy, SkillLife, SkillVersion } from './life.ts';
import type { BundleHash } from './manifest.ts';
import { isTested } from './quarantine.ts';

/** The trust level from which a better revision needs no code. */
const selfPromotionLevel = 5;

/** The owner's consent to one exact version; `override` says why in spite of a negative benefit. */
export type Consent = { readonly hash: BundleHash; readonly override?: string | undefined };

/** Why this consent does not promote, if so. */
export function consentRefusal(life: SkillLife, { hash, override }: Consent): Refusal | undefined {
  const { id, active, candidate } = life;
  if (active?.hash === hash) return refused('SKILL_NOT_READY', `This version of skill ${id} is active already.`);
  if (candidate === undefined) return refused('SKILL_NOT_READY', `Skill ${id} has no version that waits for approval.`);
  if (candidate.hash !== hash) {
    return refused(
      'SKILL_CHANGED',
      `Skill ${id} is not the version this approval is for; look at it and approve anew.`,
    );
  }
  if (candidate.state !== 'awaiting-approval' || !isTested(candidate)) {
    return refused('SKILL_NOT_READY', `Skill ${id} is ${candidate.state}; it can be approved after three clean runs.`);
  }
  if (isHarmful(candidate) && (override ?? '').trim() === '') {
    return refused(
      'SKILL_NOT_READY',
      `Skill ${id} did worse than the model alone; to promote it in spite of that, say why: talos skills approve ${id} --override "..."`,
    );
  }
  return undefined;
}

/** Makes the version under test the active one; the one before it stays as the way back. Its strikes end here, violations do not. */
export function promote(life: SkillLife, consent: Consent, at: number): Outcome {
  const refusal = consentRefusal(life, consent);
  const { active, candidate } = life;
  if (refusal !== undefined || candidate === undefined)
    return refusal ?? refused('NOT_FOUND', 'There is no candidate.');
  const end = {
    state: 'replaced',
    endedBy: 'newer-version',
    reason: `Version ${candidate.version} was promoted.`,
    at,
  } as const;
  const { reason: _reason, isRetest: _isRetest, ...version } = candidate;
  const strikes = candidate.strikes.filter(({ security }) => security);
  // Also by the clock of another machine, or one that was set back, the runs came first.
  const promotedAt = Math.max(at, ...candidate.runs.map(({ finishedAt }) => finishedAt));
  return changed(withoutCandidate(life), {
    active: { ...version, state: 'active', strikes, promotedAt, changedAt: at },
    past: active === undefined ? life.past : retire(life.past, active, end),
  });
}

type Rejection = { readonly hash: BundleHash; readonly reason: string; readonly endedBy: EndedBy };

/** Ends the test of a version. */
export function reject(life: SkillLife, { hash, reason, endedBy }: Rejection, at: number): Outcome {
  const { candidate } = life;
  if (candidate?.hash !== hash) {
    return refused('SKILL_NOT_READY', `Skill ${life.id} has no such version under test; nothing was rejected.`);
  }
  const past = retire(life.past, candidate, { state: 'rejected', endedBy, reason, at });
  return changed(withoutCandidate(life), { past });
}

/** Ends the test of a version whose files are not what they were, unless it is no longer under test. */
export function discard(life: SkillLife, { hash, reason }: Omit<Rejection, 'endedBy'>, at: number): Outcome {
  if (life.candidate?.hash !== hash) return unchanged(life);
  return reject(life, { hash, reason, endedBy: 'changed-files' }, at);
}

/** Whether a version did worse than the model alone. */
export function isHarmful({ benefit }: SkillVersion): boolean {
  return benefit !== undefined && benefit.withSkill < benefit.withoutSkill;
}

/**
 * Whether the version under test may replace the active one without a code: only at the highest trust level, only a revision, only on
 * strictly better evidence and without more permissions or findings. A first promotion never does.
 */
export function promotesItself(life: SkillLife, facts: { trustLevel: number; permissionsGrew: boolean }): boolean {
  const { active, candidate } = life;
  if (active === undefined || candidate?.state !== 'awaiting-approval' || !isTested(candidate)) return false;
  if (facts.trustLevel < selfPromotionLevel || facts.permissionsGrew || candidate.strikes.length > 0) return false;
  return isStrictlyBetter(candidate, active);
}

/** More gain per case than before, and nothing found that was not known. What was not measured is not better. */
function isStrictlyBetter(candidate: SkillVersion, active: SkillVersion): boolean {
  const [gain, before] = [gainOf(candidate), gainOf(active)];
  if (gain === undefined || before === undefined || gain <= before) return false;
  return candidate.findings.every((finding) => active.findings.includes(finding));
}

/**
 * Whether the gain of the version under test is its own: measured over the same model, with no fewer cases right than before. By a model
 * that does worse alone anything gains.
 */
export function gainsByItself({ active, candidate }: SkillLife): boolean {
  const [gain, before] = [candidate?.benefit, active?.benefit];
  if (gain === undefined || before === undefined || gain.model !== before.model) return false;
  return gain.withSkill * before.cases >= before.withSkill * gain.cases;
}

function gainOf({ benefit }: SkillVersion): number | undefined {
  if (benefit === undefined || benefit.cases === 0) return undefined;
  return (benefit.withSkill - benefit.withoutSkill) / benefit.cases;
}
