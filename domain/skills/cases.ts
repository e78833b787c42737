import { z } from 'zod';

import { JsonValue } from '../json.ts';
import { compilePattern } from '../patterns/compile.ts';
import { isPointer } from './json-pointer.ts';
import { ScriptedReply } from './scripted-reply.ts';

const Pointer = z.string().max(500).refine(isPointer, 'must be a JSON Pointer such as /rows/0/name');

const Pattern = z
  .string()
  .min(1)
  .max(500)
  .refine(isPattern, 'must be a regular expression without look-around and back references');

function isPattern(source: string): boolean {
  try {
    compilePattern(source);
    return true;
  } catch {
    return false; // the reason is the one in the message
  }
}

/** One check of an output. `path` is a JSON Pointer (RFC 6901) into it; '' is the whole output. */
export const Assertion = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('equals'), path: Pointer.default(''), value: JsonValue }),
  z.strictObject({
    kind: z.literal('approximately'),
    path: Pointer.default(''),
    value: z.number(),
    within: z.number().nonnegative(),
  }),
  z.strictObject({ kind: z.literal('contains'), path: Pointer.default(''), text: z.string().min(1) }),
  z.strictObject({ kind: z.literal('matches'), path: Pointer.default(''), pattern: Pattern }),
  z.strictObject({ kind: z.literal('exists'), path: Pointer.min(1) }),
]);
export type Assertion = z.infer<typeof Assertion>;

/** One case of `evals/evals.json`: an input, and what the output has to be. */
export const EvalCase = z
  .strictObject({
    id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/),
    prompt: z
      .string()
      .max(4000)
      .optional()
      .meta({ description: 'What a person would ask; for the run without the skill' }),
    input: JsonValue,
    expected: JsonValue.optional(),
    assertions: z.array(Assertion).max(32).default([]),
    replies: z
      .array(ScriptedReply)
      .max(32)
      .optional()
      .meta({ description: 'What the host answers to the calls of this case, in place of the world' }),
  })
  .refine((value) => value.expected !== undefined || value.assertions.length > 0, {
    message: 'a case needs "expected" or at least one assertion',
  })
  .meta({ id: 'EvalCase' });
export type EvalCase = z.infer<typeof EvalCase>;

/** Fewest and most cases of a skill: quarantine needs three that differ. */
export const caseCount = { min: 3, max: 50 } as const;

/** `evals/evals.json`, as the Agent Skills format names it: what a skill is tested with. */
export const SkillEvals = z
  .strictObject({
    skill_name: z.string(),
    evals: z.array(EvalCase).min(caseCount.min).max(caseCount.max),
  })
  .meta({ id: 'SkillEvals' });
export type SkillEvals = z.infer<typeof SkillEvals>;

/** Whether an output is what its case asks for; `reason` says what differs, for people. */
export type CaseJudgement = { readonly pass: true } | { readonly pass: false; readonly reason: string };
