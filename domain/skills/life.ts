import { z } from 'zod';

import { SandboxVerdict } from '../sandbox/run.ts';
import { Benefit, CleanRun } from './certificate.ts';
import { BundleHash, SkillId } from './manifest.ts';

/** Where one version of a skill stands. */
export const SkillState = z
  .enum(['quarantined', 'running', 'awaiting-approval', 'active', 'rejected', 'deprecated'])
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
  reason: z.string().optional(),
  submittedAt: z.int(),
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
  })
  .meta({ id: 'SkillLife' });
export type SkillLife = z.infer<typeof SkillLife>;
