import { readFile } from 'node:fs/promises';

import { TalosError } from '../domain/errors.ts';
import { parseJsonText } from '../domain/json-text.ts';
import type { JsonValue } from '../domain/json.ts';
import type { ChatInput } from './commands/chat.ts';
import { plainText } from './plain-text.ts';

/** Deepest nesting of an input. */
const mostLevels = 64;

/** The input of a skill as it was given: JSON, @file, or - for standard input, which is also read where nothing was given. */
export async function readSkillInput(given: string | undefined, input: ChatInput): Promise<JsonValue> {
  if (given === undefined && input.isTTY === true) {
    throw new TalosError('VALIDATION_FAILED', `The skill needs an input; for example: --input '{"text":"hello"}'`);
  }
  const text = await textOf(given ?? '-', input);
  const parsed = parseJsonText(text, mostLevels);
  if (parsed.ok) return parsed.value;
  throw new TalosError('VALIDATION_FAILED', `The input is no JSON that can be taken: ${plainText(parsed.reason)}.`);
}

async function textOf(given: string, input: ChatInput): Promise<string> {
  if (given === '-') {
    const chunks: Buffer[] = [];
    for await (const chunk of input) chunks.push(Buffer.from(chunk));
    return fromUtf8(Buffer.concat(chunks));
  }
  if (!given.startsWith('@')) return given;
  const bytes = await readFile(given.slice(1)).catch((cause: unknown) => {
    throw new TalosError('NOT_FOUND', `${given.slice(1)} cannot be read: ${String(cause)}`, { cause });
  });
  return fromUtf8(bytes);
}

/** What is no UTF-8 would reach the skill with other characters in it. A byte order mark is none of the text. */
function fromUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new TalosError('VALIDATION_FAILED', 'The input is not UTF-8; save it as UTF-8.', { cause });
  }
}
