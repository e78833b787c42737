import { z } from 'zod';

import { JsonValue } from '../json.ts';

/** One check of an output. `path` is a JSON Pointer (RFC 6901) into it; '' is the whole output. */
export const Assertion = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('equals'), path: z.string().default(''), value: JsonValue }),
  z.strictObject({
    kind: z.literal('approximately'),
    path: z.string().default(''),
    value: z.number(),
    within: z.number().nonnegative(),
  }),
  z.strictObject({ kind: z.literal('contains'), path: z.string().default(''), text: z.string().min(1) }),
  z.strictObject({ kind: z.literal('matches'), path: z.string().default(''), pattern: z.string().min(1).max(500) }),
  z.strictObject({ kind: z.literal('exists'), path: z.string().min(1) }),
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
  })
  .refine((value) => value.expected !== undefined || value.assertions.length > 0, {
    message: 'a case needs "expected" or at least one assertion',
  })
  .meta({ id: 'EvalCase' });
export type EvalCase = z.infer<typeof EvalCase>;

/** Whether an output is what its case asks for; `reason` says what differs, for people. */
export type CaseJudgement = { readonly pass: true } | { readonly pass: false; readonly reason: string };
