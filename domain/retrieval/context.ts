import { z } from 'zod';

import { TalosError } from '../errors.ts';
import { MemoryCollection, type MemoryMatch } from './memory.ts';

/** Longest piece of one memory that is kept for a prompt, in code points. */
const maxTextLength = 2000;

/** A memory as the prompt needs it. `createdAt` is ms since 1970. */
export const ContextMemory = z.strictObject({
  id: z.string(),
  collection: MemoryCollection,
  text: z.string(),
  createdAt: z.number(),
});
export type ContextMemory = z.infer<typeof ContextMemory>;

const Context = z.array(ContextMemory);

/** The memories as one compact JSON text, to be kept between recall and answer; parseContext reads it. */
export function assembleContext(memories: readonly MemoryMatch[]): string {
  const context: ContextMemory[] = memories.map(({ id, collection, text, metadata }) => ({
    id,
    collection,
    text: shortenMemory(text),
    createdAt: metadata.createdAt,
  }));
  return JSON.stringify(context);
}

/** Reads what assembleContext wrote, best memory first. */
export function parseContext(context: string): ContextMemory[] {
  const parsed = Context.safeParse(parseJson(context));
  if (parsed.success) return parsed.data;
  throw new TalosError('INTERNAL', 'The memories stored for a message cannot be read; send the message again.', {
    cause: parsed.error,
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // no JSON is no context either: the schema refuses it with the same message
  }
}

/** The piece of a memory that a prompt shows. */
export function shortenMemory(text: string): string {
  if (text.length <= maxTextLength) return text;
  return Array.from(text).slice(0, maxTextLength).join('');
}
