import { z } from 'zod';

import { SandboxVerdict } from '../sandbox/run.ts';
import { Benefit, CleanRun } from './certificate.ts';
import { BundleHash, SkillId } from './manifest.ts';

/** Where one version of a skill stands. `replaced`: it gave way to a newer one without a fault of its own. */
export const SkillState = z
  .enum(['quarantined', 'running', 'awaiting-approval', 'active', 'rejected', 'deprecated', 'replaced'])
  .meta({ id: 'SkillState' });
export type SkillState = z.infer<typeof SkillState>;

/** Who is to blame for a failed run; only `skill` counts as a strike. */
export const Blame = z.enum(['skill', 'environment', 'input', 'model']);
export type Blame = z.infer<typeof Blame>;

/** A failure the skill caused. `security` ones never expire. Times in ms since 1970. */
export const Strike = z.strictObject({
  runId: z.string(),
  verdict: SandboxVerdict,
  security: z.boolean(),
  at: z.int(),
});
export type Strike = z.infer<typeof Strike>;

/** What ended the use or the test of a version: the owner, its own faults, files that are not what was tested, a newer version. */
export const EndedBy = z.enum(['owner', 'faults', 'changed-files', 'newer-version']).meta({ id: 'EndedBy' });
export type EndedBy = z.infer<typeof EndedBy>;

/** One version in the life of a skill. Small, plain JSON: it travels through workflow histories. */
export const SkillVersion = z.strictObject({
  hash: BundleHash,
  version: z.string(),
  state: SkillState,
  /** Consecutive clean runs so far; any failure empties it. */
  runs: z.array(CleanRun),
  findings: z.array(z.string()),
  benefit: Benefit.optional(),
  strikes: z.array(Strike),
  /** Why it is where it is, for people. */
  reason: z.string().max(500).optional(),
  endedBy: EndedBy.optional(),
  /** Tested again by itself after its faults had taken it out of use; where that fails it is what it was before. */
  isRetest: z.literal(true).optional(),
  submittedAt: z.int(),
  /** When the owner's consent last made it active. */
  promotedAt: z.int().optional(),
  changedAt: z.int(),
});
export type SkillVersion = z.infer<typeof SkillVersion>;

/** The whole life of one skill: the version in use, if any, and the one under test, if any. */
export const SkillLife = z
  .strictObject({
    id: SkillId,
    active: SkillVersion.optional(),
    candidate: SkillVersion.optional(),
    /** Former versions, newest first, at most 20. */
    past: z.array(SkillVersion).max(20),
    /** Counts the changes of this life, so that a late writer never undoes a newer one. */
    changes: z.int().nonnegative(),
  })
  .meta({ id: 'SkillLife' });
export type SkillLife = z.infer<typeof SkillLife>;
