import { z } from 'zod';

import { isErrorCode } from '../errors.ts';
import { PromotionCertificate } from './certificate.ts';
import { shelfOf, versionsOf } from './change.ts';
import { FileDiff } from './file-diff.ts';
import { SkillLife, SkillState, type SkillVersion } from './life.ts';
import { BundleHash, SkillId, SkillManifest } from './manifest.ts';
import { SkillTrouble } from './trouble.ts';

/** One version of a skill as it stands in a list. */
export const SkillSummary = z
  .strictObject({
    id: SkillId,
    version: z.string(),
    hash: BundleHash,
    state: SkillState,
    /** Consecutive clean runs so far. */
    runs: z.int().nonnegative(),
    strikes: z.int().nonnegative(),
    reason: z.string().optional(),
    /** ms since 1970. */
    changedAt: z.int(),
  })
  .meta({ id: 'SkillSummary' });
export type SkillSummary = z.infer<typeof SkillSummary>;

/** A state to list by; `quarantine` is any on the way to a decision. */
export const StateFilter = z.enum([...SkillState.options, 'quarantine']);
export type StateFilter = z.infer<typeof StateFilter>;

/** What becomes of a version that was handed in. A version that is known already stays in the state it has. */
export const SkillSubmission = z
  .strictObject({ id: SkillId, hash: BundleHash, version: z.string(), state: SkillState })
  .meta({ id: 'SkillSubmission' });
export type SkillSubmission = z.infer<typeof SkillSubmission>;

/** How a version under test differs from the one in use; without one in use, everything it asks for is new. */
export const VersionDiff = z
  .strictObject({
    from: BundleHash.optional(),
    to: BundleHash,
    /** One sentence for each difference of the manifests, permissions first. */
    manifest: z.array(z.string()),
    /** Whether it may do or use anything the one in use may not. */
    grew: z.boolean(),
    files: z.array(FileDiff),
  })
  .meta({ id: 'VersionDiff' });
export type VersionDiff = z.infer<typeof VersionDiff>;

/** Everything the owner needs to see of one skill. `manifest` and `files` are of the version with the hash `shown`. */
export const SkillView = z
  .strictObject({
    life: SkillLife,
    shown: BundleHash,
    manifest: SkillManifest.optional(),
    files: z.record(z.string(), z.string()).optional(),
    /** Why there are no files: they are not what was tested, or cannot be read. */
    problem: z.strictObject({ code: z.string().refine(isErrorCode), message: z.string() }).optional(),
    diff: VersionDiff.optional(),
    certificate: PromotionCertificate.optional(),
    /** Of the version in use. */
    trouble: SkillTrouble.optional(),
  })
  .meta({ id: 'SkillView' });
export type SkillView = z.infer<typeof SkillView>;

/** The versions of a skill that matter now: in use and under test, or else the last one there was. */
export function currentVersions({ active, candidate, past }: SkillLife): SkillVersion[] {
  const current = [active, candidate].filter((version) => version !== undefined);
  return current.length > 0 ? current : past.slice(0, 1);
}

/** The version the owner wants to see: the one under test, or else the one in use, or else the last one there was. */
export function shownVersion(life: SkillLife): SkillVersion | undefined {
  return life.candidate ?? life.active ?? life.past[0];
}

/** The newest version that was ever promoted: the one a certificate is there for. */
export function promotedVersion(life: SkillLife): SkillVersion | undefined {
  return versionsOf(life).find(({ promotedAt }) => promotedAt !== undefined);
}

/** What a list says of a skill: a line for each version that matters now and is in the state. */
export function summarise(life: SkillLife, state?: StateFilter): SkillSummary[] {
  return currentVersions(life)
    .filter((version) => state === undefined || isIn(version, state))
    .map(({ version, hash, state: at, runs, strikes, reason, changedAt }) => ({
      id: life.id,
      version,
      hash,
      state: at,
      runs: runs.length,
      strikes: strikes.length,
      ...(reason !== undefined && { reason }),
      changedAt,
    }));
}

function isIn({ state }: SkillVersion, wanted: StateFilter): boolean {
  return wanted === 'quarantine' ? shelfOf(state) === 'quarantine' : state === wanted;
}
