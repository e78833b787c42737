import { readFile } from 'node:fs/promises';

import { TalosError } from '../domain/errors.ts';
import { parseJsonText } from '../domain/json-text.ts';
import type { JsonValue } from '../domain/json.ts';
import type { ChatInput } from './commands/chat.ts';
import { plainText } from './plain-text.ts';
import { readUtf8 } from './read-utf8.ts';

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
    return readUtf8(Buffer.concat(chunks), 'The input');
  }
  if (!given.startsWith('@')) return given;
  const bytes = await readFile(given.slice(1)).catch((cause: unknown) => {
    throw new TalosError('NOT_FOUND', `${given.slice(1)} cannot be read: ${String(cause)}`, { cause });
  });
  return readUtf8(bytes, 'The input');
}
