import { z } from 'zod';

import { isErrorCode } from '../errors.ts';
import { JsonValue } from '../json.ts';
import { EgressAttempt, SandboxDriver, SandboxResources, SandboxVerdict } from '../sandbox/run.ts';
import { Blame } from './life.ts';
import { BundleHash, SkillId } from './manifest.ts';

/** The caller's idempotency key: the same key of the same skill is the same run. */
export const RunKey = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, 'use 1 to 64 letters, digits, "-" or "_"')
  .meta({ id: 'RunKey' });
export type RunKey = z.infer<typeof RunKey>;

/** The two parts that name a run. */
export type SkillRunRef = { readonly skill: SkillId; readonly key: RunKey };

/** Joins the parts of a run id; neither part can hold the dot. */
export function runId({ skill, key }: SkillRunRef): string {
  return `${skill}.${key}`;
}

/** pending: accepted, not finished. The other three are final. */
export const SkillRunState = z.enum(['pending', 'ok', 'failed', 'cancelled']).meta({ id: 'SkillRunState' });
export type SkillRunState = z.infer<typeof SkillRunState>;

/** As much of a reason as a record holds. */
export const longestRunMessage = 2000;

/** Why a run has no verdict, or what its verdict means to the caller. */
const RunError = z.strictObject({ code: z.string().refine(isErrorCode), message: z.string().max(longestRunMessage) });

/** What came of a run, without what it was given and what it gave. Hashes are SHA-256 of canonical JSON. */
export const SkillRunResult = z.strictObject({
  state: z.enum(['ok', 'failed', 'cancelled']),
  /** The version that ran, if one was found. */
  hash: BundleHash.optional(),
  verdict: SandboxVerdict.optional(),
  blame: Blame.optional(),
  error: RunError.optional(),
  outputHash: z.string().optional(),
  driver: SandboxDriver.optional(),
  resources: SandboxResources.optional(),
  egress: z.array(EgressAttempt).max(64).default([]),
  /** The end of what it logged. */
  log: z.string().default(''),
  /** ms since 1970. */
  finishedAt: z.int(),
});
export type SkillRunResult = z.infer<typeof SkillRunResult>;

/** One run as it is kept. `input` and `output` are gone a week after the run, large ones after an hour. */
export const SkillRunRecord = z
  .strictObject({
    skill: SkillId,
    key: RunKey,
    state: SkillRunState,
    inputBy: z.enum(['person', 'model', 'case', 'schedule']),
    inputHash: z.string(),
    input: JsonValue.optional(),
    /** The run this one repeats. */
    retryOf: RunKey.optional(),
    /** The case of the skill that was run, in quarantine. */
    case: z.string().optional(),
    createdAt: z.int(),
    result: SkillRunResult.optional(),
    output: JsonValue.optional(),
  })
  .meta({ id: 'SkillRunRecord' });
export type SkillRunRecord = z.infer<typeof SkillRunRecord>;

/** A run before it is accepted. */
export type NewSkillRun = SkillRunRef &
  Pick<SkillRunRecord, 'inputBy' | 'inputHash' | 'createdAt'> & {
    readonly input: JsonValue;
    readonly retryOf?: RunKey;
    readonly case?: string;
  };

/** A record in a list: without input, output and log. */
export type SkillRunSummary = Omit<SkillRunRecord, 'input' | 'output'>;

/** So many runs of a skill are remembered; the oldest finished ones go first. */
export const keptRuns = 200;

/** How much of a log is kept with a run. */
export const keptLogChars = 8192;
