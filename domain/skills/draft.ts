import { z } from 'zod';

import { JsonValue } from '../json.ts';
import { mostTries } from './draft-limits.ts';
import { BundleHash, SkillId } from './manifest.ts';

/** Names a draft; the same key is the same draft. */
export const DraftKey = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, 'use 1 to 64 letters, digits, "-" or "_"')
  .meta({ id: 'DraftKey' });
export type DraftKey = z.infer<typeof DraftKey>;

/** One try: what the model wrote, and what was wrong with it. */
export const DraftTry = z.strictObject({ reply: z.string(), problem: z.string().optional() });
export type DraftTry = z.infer<typeof DraftTry>;

/** An input at which a version in use failed by its own fault, and how that ended. */
export const FailedInput = z.strictObject({ inputHash: z.string(), input: JsonValue, problem: z.string() });
export type FailedInput = z.infer<typeof FailedInput>;

/** writing: the model is at it. submitted: in quarantine. failed: `problem` says why. */
export const DraftState = z.enum(['writing', 'submitted', 'failed']).meta({ id: 'DraftState' });
export type DraftState = z.infer<typeof DraftState>;

/** A skill being written. Times in ms since 1970. */
export const SkillDraft = z
  .strictObject({
    key: DraftKey,
    request: z.string(),
    by: z.string(),
    state: DraftState,
    tries: z.array(DraftTry).max(mostTries),
    /** What a revision mends: the version in use, and the inputs it failed at. */
    revises: z.strictObject({ hash: BundleHash, failures: z.array(FailedInput) }).optional(),
    skill: SkillId.optional(),
    hash: BundleHash.optional(),
    /** The model that wrote it. */
    model: z.string().optional(),
    problem: z.string().optional(),
    createdAt: z.int(),
  })
  .meta({ id: 'SkillDraft' });
export type SkillDraft = z.infer<typeof SkillDraft>;

/** A draft before it is begun. */
export type NewDraft = Pick<SkillDraft, 'key' | 'request' | 'by' | 'createdAt' | 'skill' | 'revises'>;

/** A draft nothing was written of yet. */
export function newDraft(draft: NewDraft): SkillDraft {
  return { ...draft, state: 'writing', tries: [] };
}
