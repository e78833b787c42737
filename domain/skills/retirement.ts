import { changed, type Outcome, refused, retire, unchanged, wayBack, without, withoutActive } from './change.ts';
import type { SkillLife } from './life.ts';
import type { BundleHash } from './manifest.ts';
import { quarantined } from './quarantine.ts';
import { addStrike, REVERT_THRESHOLD, type SkillFault, STRIKE_THRESHOLD } from './strikes.ts';

type Deprecation = {
  readonly reason: string;
  /** The version that was looked at; without it whichever is in use. */
  readonly hash?: BundleHash | undefined;
};

/** Takes the active version out of use by hand. */
export function deprecate(life: SkillLife, { reason, hash }: Deprecation, at: number): Outcome {
  const { active } = life;
  if (active === undefined) return refused('SKILL_NOT_READY', `Skill ${life.id} has no active version to deprecate.`);
  if (hash !== undefined && hash !== active.hash) {
    return refused('SKILL_CHANGED', `Skill ${life.id} has another active version by now; nothing was deprecated.`);
  }
  const past = retire(life.past, active, { state: 'deprecated', endedBy: 'owner', reason, at });
  return changed(withoutActive(life), { past });
}

type Report = { readonly hash: BundleHash; readonly fault: SkillFault };

/**
 * Counts a fault of the active version. Its second one brings the good version before it back at once; where there is none, the last
 * one allowed deprecates it. A report about another version comes too late to matter.
 */
export function strike(life: SkillLife, { hash, fault }: Report, at: number): Outcome {
  const { active } = life;
  if (active?.hash !== hash || active.strikes.some(({ runId }) => runId === fault.runId)) return unchanged(life);
  const strikes = addStrike(active.strikes, fault, at);
  const struck = { ...active, strikes, changedAt: at };
  const goodOne = wayBack(life.past);
  const threshold = fault.threshold ?? STRIKE_THRESHOLD;
  if (strikes.length < (goodOne === undefined ? threshold : Math.min(threshold, REVERT_THRESHOLD))) {
    return changed(life, { active: struck });
  }
  const back = goodOne === undefined ? '' : ` Version ${goodOne.version} is in use again.`;
  const reason = `${strikes.length} failures of its own, the last one: ${fault.verdict} (run ${fault.runId}).${back}`;
  const past = retire(life.past, struck, { state: 'deprecated', endedBy: 'faults', reason, at });
  if (goodOne === undefined) return changed(withoutActive(life), { past });
  const { endedBy: _endedBy, reason: _reason, ...good } = goodOne;
  return changed(life, { active: { ...good, state: 'active', changedAt: at }, past: without(past, goodOne.hash) });
}

type Return = { readonly hash: BundleHash; readonly reason: string };

/** Puts a former version into quarantine again. Violations stay on its account, other strikes do not. */
export function restore(life: SkillLife, { hash, reason }: Return, at: number): Outcome {
  const former = life.past.find((version) => version.hash === hash);
  if (former === undefined) return refused('NOT_FOUND', `Skill ${life.id} has no former version with this hash.`);
  if (life.candidate !== undefined) {
    return refused('SKILL_NOT_READY', `Skill ${life.id} has a version under test; reject it first, then restore.`);
  }
  const { version, findings } = former;
  const strikes = former.strikes.filter(({ security }) => security);
  const candidate = quarantined({ hash, version, findings, strikes, reason }, at);
  return changed(life, { candidate, past: without(life.past, hash) });
}

type Retest = {
  readonly reason: string;
  /** Whether the version is marked as tested again; histories from before that go without. */
  readonly isMarked?: boolean;
};

/**
 * Tests a version again that its faults deprecated, because what it failed on has changed. Not one the owner ended, none that tried
 * to leave its sandbox, and none while another version is in use or under test.
 */
export function retest(life: SkillLife, { reason, isMarked = true }: Retest, at: number): Outcome {
  const [newest] = life.past.filter(({ state }) => state === 'deprecated');
  if (life.active !== undefined || life.candidate !== undefined || newest?.endedBy !== 'faults') return unchanged(life);
  if (newest.strikes.some(({ security }) => security)) return unchanged(life);
  const outcome = restore(life, { hash: newest.hash, reason }, at);
  if (!isMarked || !outcome.ok || outcome.life.candidate === undefined) return outcome;
  return { ok: true, life: { ...outcome.life, candidate: { ...outcome.life.candidate, isRetest: true } } };
}
