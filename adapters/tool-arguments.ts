import { isList } from '../domain/canonical-json.ts';
import { parseJsonText } from '../domain/json-text.ts';
import type { ToolCall } from '../domain/models/model.ts';

/** Deeper values are no honest arguments, and whatever recurses over them would fail. */
const maxDepth = 64;

/**
 * The arguments of a tool call as servers give them: an object, its JSON, or nothing; anything else is a problem, never a guess. So is what
 * could not be hashed and handed on, such as half a character.
 */
export function readArguments(given: unknown): Pick<ToolCall, 'arguments' | 'problem'> {
  if (given === undefined || given === null || given === '') return { arguments: {} };
  const parsed = parseJsonText(typeof given === 'string' ? given : toText(given), maxDepth);
  if (parsed.ok && typeof parsed.value === 'object' && parsed.value !== null && !isList(parsed.value)) {
    return { arguments: parsed.value };
  }
  return { arguments: {}, problem: 'The arguments of the call are no JSON object.' };
}

function toText(value: unknown): string {
  try {
    return JSON.stringify(value) ?? '';
  } catch {
    return ''; // too deep
  }
}
