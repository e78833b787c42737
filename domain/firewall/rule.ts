import type { Severity } from './schema.ts';

/** One family of attacks. Any of its patterns makes the finding; every quantifier in them is bounded, so that a scan is linear. */
export type Rule = { readonly id: string; readonly severity: Severity; readonly patterns: readonly RegExp[] };

/** Joins pattern parts that carry their own separators. */
export function pattern(...parts: string[]): RegExp {
  return new RegExp(parts.join(''), 'giu');
}

/** Between two words: spaces, quotes, emphasis, emoji, or nothing at all where somebody glued the words together. */
export const gap = String.raw`[\s,"'“”‘’*_~|+()\-/·•\x60\p{Extended_Pictographic}]{0,6}`;
