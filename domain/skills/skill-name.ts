import { TalosError } from '../errors.ts';
import { type BundleFinding, findingText, quoted } from './finding.ts';
import { BundleHash, SkillId } from './manifest.ts';

/** One version of one skill. */
export type VersionRef = { readonly id: SkillId; readonly hash: BundleHash };

/** Checks an id from outside before it becomes a folder or a part of a name; fails with VALIDATION_FAILED. */
export function checkSkillId(id: string): SkillId {
  if (SkillId.safeParse(id).success) return id;
  throw refused('id', `${quoted(id)} is no id of a skill: use lower-case letters and digits, such as csv-summary.`);
}

/** Checks an id and hash from outside before they become a place; fails with VALIDATION_FAILED. */
export function checkVersion(id: string, hash: string): VersionRef {
  if (BundleHash.safeParse(hash).success) return { id: checkSkillId(id), hash };
  throw refused('hash', `${quoted(hash)} is no hash of a skill: it has 64 hexadecimal digits.`);
}

function refused(field: string, message: string): TalosError {
  return new TalosError('VALIDATION_FAILED', message, { details: { field } });
}

/** The error for a version nobody keeps. */
export function noSuchVersion({ id, hash }: VersionRef): TalosError {
  return new TalosError(
    'NOT_FOUND',
    `There is no version ${hash.slice(0, 12)} of the skill ${id}; see \`talos skills ls\`.`,
  );
}

/** The error for a version in use whose certificate does not say so. */
export function certificateBroken({ id, hash }: VersionRef, what: string): TalosError {
  const cure = `take it out of use and approve it anew: talos skills deprecate ${id}, then restore`;
  const message = `The certificate of skill ${id} ${hash.slice(0, 12)} does not hold: ${what} It does not run; ${cure}.`;
  return new TalosError('SKILL_CHANGED', message, { details: { skill: id, hash } });
}

/** The error for a version that is what it was, and that this release takes no longer. */
export function versionRefused({ id, hash }: VersionRef, finding: BundleFinding): TalosError {
  const short = hash.slice(0, 12);
  const cure = `copy the folder ${id}/${short} below TALOS_HOME/skills, mend that, raise its version and submit the copy`;
  const message = `The skill ${id} ${short} breaks a rule that is newer than it is: ${findingText(finding)}. It does not run; ${cure}.`;
  return new TalosError('SKILL_CHANGED', message, { details: { skill: id, hash } });
}

/** The error for a version that is not, byte for byte, what its hash says. */
export function versionChanged({ id, hash }: VersionRef, what: string): TalosError {
  const message = `The skill ${id} ${hash.slice(0, 12)} is not what it was: ${what}. It does not run; submit it again.`;
  return new TalosError('SKILL_CHANGED', message, { details: { skill: id, hash } });
}
