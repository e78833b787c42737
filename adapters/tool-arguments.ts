import { z } from 'zod';

import type { ToolCall } from '../domain/models/model.ts';

const Arguments = z.record(z.string(), z.unknown());

/** The arguments of a tool call as servers give them: an object, its JSON, or nothing; anything else is a problem, never a guess. */
export function readArguments(given: unknown): Pick<ToolCall, 'arguments' | 'problem'> {
  if (given === undefined || given === null || given === '') return { arguments: {} };
  const parsed = Arguments.safeParse(typeof given === 'string' ? parseJson(given) : given);
  if (parsed.success) return { arguments: parsed.data };
  return { arguments: {}, problem: 'The arguments of the call are no JSON object.' };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the schema refuses it
  }
}
