import type { SkillShelf } from './ports.ts';
import type { EndedBy, SkillLife, SkillState, SkillVersion } from './life.ts';
import type { BundleHash } from './manifest.ts';

/** Why a step of a life cannot be taken. */
export type Refusal = {
  readonly ok: false;
  readonly code: 'SKILL_NOT_READY' | 'SKILL_CHANGED' | 'NOT_FOUND';
  readonly message: string;
};

/** The life after a step; the same object when the step changes nothing. */
export type Outcome = { readonly ok: true; readonly life: SkillLife } | Refusal;

/** What changed for one version from one life to the next. */
export type VersionChange = {
  readonly hash: BundleHash;
  readonly from?: SkillState;
  readonly to: SkillState;
  readonly runs: number;
  readonly strikes: number;
  /** Whether a strike was added. */
  readonly struck: boolean;
  readonly endedBy?: EndedBy;
};

/** Most former versions a life remembers. */
const mostPast = 20;

/** Findings a former version keeps; its certificate has them all. */
const mostPastFindings = 10;

/** The life of a skill nobody has submitted yet. */
export function unborn(id: SkillLife['id']): SkillLife {
  return { id, past: [], changes: 0 };
}

/** A changed life. */
export function changed(life: SkillLife, parts: Partial<Omit<SkillLife, 'id'>>): Outcome {
  return { ok: true, life: { ...life, ...parts, changes: life.changes + 1 } };
}

/** A life that stays as it is. */
export function unchanged(life: SkillLife): Outcome {
  return { ok: true, life };
}

/** A step not taken, in words for the owner. */
export function refused(code: Refusal['code'], message: string): Refusal {
  return { ok: false, code, message };
}

/** The life without its version under test. */
export function withoutCandidate({ candidate: _candidate, ...life }: SkillLife): SkillLife {
  return life;
}

/** The life without its version in use. */
export function withoutActive({ active: _active, ...life }: SkillLife): SkillLife {
  return life;
}

type Ending = Pick<SkillVersion, 'state' | 'endedBy' | 'reason'>;

/** The former versions with one more, newest first. They keep little: histories carry them along. */
export function retire(past: readonly SkillVersion[], version: SkillVersion, end: Ending & { at: number }) {
  const { at, ...ending } = end;
  const former = {
    ...version,
    ...ending,
    runs: version.runs.map((run) => ({ ...run, egress: [] })),
    findings: version.findings.slice(0, mostPastFindings),
    changedAt: at,
  };
  return remembered([former, ...without(past, version.hash)]);
}

/** Without the oldest one if there are too many; the way back and violations are forgotten last. */
function remembered(past: SkillVersion[]): SkillVersion[] {
  if (past.length <= mostPast) return past;
  const older = past.slice(1).filter((version) => version !== wayBack(past));
  const plain = older.filter(({ strikes }) => !strikes.some(({ security }) => security));
  const oldest = plain.at(-1) ?? older.at(-1);
  return past.filter((version) => version !== oldest);
}

/** The newest version that was promoted and gave way without a fault of its own. */
export function wayBack(past: readonly SkillVersion[]): SkillVersion | undefined {
  return past.find(({ state, promotedAt }) => state === 'replaced' && promotedAt !== undefined);
}

/** The former versions but one. */
export function without(past: readonly SkillVersion[], hash: BundleHash): SkillVersion[] {
  return past.filter((version) => version.hash !== hash);
}

/** Every version of a life, the one in use first. */
export function versionsOf({ active, candidate, past }: SkillLife): SkillVersion[] {
  return [active, candidate, ...past].filter((version) => version !== undefined);
}

/** What changed between two lives, version by version: each is audited. */
export function changesBetween(before: SkillLife, after: SkillLife): VersionChange[] {
  const known = new Map(versionsOf(before).map((version) => [version.hash, version]));
  return versionsOf(after).flatMap((version) => {
    const former = known.get(version.hash);
    const { hash, state: to, endedBy } = version;
    const [runs, strikes] = [version.runs.length, version.strikes.length];
    const struck = version.strikes.some(({ runId }) => !former?.strikes.some((strike) => strike.runId === runId));
    // Where an old strike has expired, a new one leaves as many as there were.
    const isCounted = former?.runs.length === runs && former.strikes.length === strikes && !struck;
    if (former?.state === to && isCounted) return [];
    const from = former === undefined ? {} : { from: former.state };
    return [{ hash, ...from, to, runs, strikes, struck: former !== undefined && struck, ...(endedBy && { endedBy }) }];
  });
}

/** On which shelf a version of a state lies. */
export function shelfOf(state: SkillState): SkillShelf {
  return shelves[state];
}

const shelves: Readonly<Record<SkillState, SkillShelf>> = {
  quarantined: 'quarantine',
  running: 'quarantine',
  'awaiting-approval': 'quarantine',
  active: 'active',
  rejected: 'deprecated',
  deprecated: 'deprecated',
  replaced: 'deprecated',
};
