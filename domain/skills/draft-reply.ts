import { z } from 'zod';

import { JsonObject, JsonValue } from '../json.ts';
import type { BundleFiles } from './bundle.ts';
import { casesFile, manifestFile } from './read-manifest.ts';
import { documentFile, writeDocument } from './skill-document.ts';

const entry = 'scripts/main.js';

/** What a model writes of a skill: one that computes and may reach nothing. Only the shape is checked here; the bundle made of it is read like any other. */
const DraftReply = z.object({
  id: z.string(),
  description: z.string(),
  input: JsonObject,
  output: JsonObject,
  code: z.string(),
  cases: z.array(z.object({ id: z.string(), prompt: z.string(), input: JsonValue, expected: JsonValue })),
});

const text = { type: 'string' } as const;
const anyObject = { type: 'object' } as const;

/**
 * The JSON Schema a model has to follow. Model servers may sort the names, so they are sorted here: the model writes the cases first and
 * then the code that has to pass them.
 */
export const draftFormat = {
  type: 'object',
  properties: {
    cases: {
      type: 'array',
      items: {
        type: 'object',
        properties: { expected: anyObject, id: text, input: anyObject, prompt: text },
        required: ['expected', 'id', 'input', 'prompt'],
      },
    },
    code: text,
    description: text,
    id: text,
    input: anyObject,
    output: anyObject,
  },
  required: ['cases', 'code', 'description', 'id', 'input', 'output'],
} as const;

/** The files of the skill a model wrote; a text instead says why there are none. */
export function draftFiles(reply: string): BundleFiles | string {
  const parsed = DraftReply.safeParse(parseJson(reply));
  if (!parsed.success) return `The answer is not the JSON that was asked for: ${z.prettifyError(parsed.error)}`;
  const { id, description, input, output, code, cases } = parsed.data;
  const manifest = {
    id,
    version: '0.1.0',
    description,
    language: 'js',
    entry,
    input,
    output,
    limits: { timeoutMs: 5000, memoryMiB: 128, outputBytes: 65_536 },
  };
  return {
    [documentFile]: writeDocument({ id, description }),
    [manifestFile]: toText(manifest),
    [entry]: code.endsWith('\n') ? code : `${code}\n`,
    [casesFile]: toText({ skill_name: id, evals: cases }),
  };
}

function toText(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined; // the schema says what is wrong
  }
}
