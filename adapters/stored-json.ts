import type { z } from 'zod';

import { TalosError } from '../domain/errors.ts';

/** Reads what Talos has stored as JSON; anything else is INTERNAL, with `what` in its message. */
export function fromJson<T>(schema: z.ZodType<T>, json: string, what: string): T {
  try {
    return schema.parse(JSON.parse(json));
  } catch (cause) {
    throw new TalosError('INTERNAL', `${what} is not stored as Talos writes it; restore a backup.`, { cause });
  }
}

/** The JSON of what is stored. Scripts in Redis cannot read half a character, as where a text was cut. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => (typeof part === 'string' ? part.toWellFormed() : part));
}
