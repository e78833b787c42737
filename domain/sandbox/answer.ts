import { nesting } from '../json-text.ts';
import type { JsonValue } from '../json.ts';

/** What the text of an answer holds, or why it may not be used. */
export type Answer = { readonly output: JsonValue } | { readonly refused: string };

const deepest = 200;

/** Reads the answer of a skill, which may be built to harm whoever reads it. */
export function parseAnswer(text: string): Answer {
  // first, because a parser may be brought down by depth alone
  if (nesting(text) > deepest) return { refused: `the answer is nested more than ${deepest} deep` };
  let value: unknown;
  let rounded: string | undefined;
  const findRounded = (...[, read, context]: unknown[]): unknown => {
    rounded ??= roundedNumber(read, context);
    return read;
  };
  try {
    value = JSON.parse(text, longNumber.test(text) ? findRounded : undefined);
  } catch {
    return { refused: 'the answer is not JSON' };
  }
  const flaw = findFlaw(value) ?? rounded;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- JSON.parse gives nothing but JSON, and what JSON has no word for was refused
  return flaw === undefined ? { output: value as JsonValue } : { refused: flaw };
}

/** Only whole numbers this long can be such as a double does not hold; looking at each number of an answer takes its time. */
const longNumber = /\d{16}/;

/** Says of a whole number that it was rounded as it was read: Python gives any number of digits. */
function roundedNumber(value: unknown, context: unknown): string | undefined {
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
  const source = typeof context === 'object' && context !== null && 'source' in context ? String(context.source) : '';
  if (!/^-?\d+$/.test(source) || source === String(value) || BigInt(source) === BigInt(value)) return undefined;
  return `the answer holds the whole number ${source.slice(0, 40)}, which would be rounded; give it as text`;
}

/** Looks for what is JSON by its text but breaks things later: `__proto__` keys, half characters, numbers beyond all bounds. */
function findFlaw(root: unknown): string | undefined {
  const open: unknown[] = [root];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value === 'string' && !value.isWellFormed()) return 'the answer holds half a character';
    if (typeof value === 'number' && !Number.isFinite(value)) return 'the answer holds a number that is too large';
    if (typeof value !== 'object' || value === null) continue;
    for (const [key, inner] of Object.entries(value)) {
      if (key === '__proto__') return 'the answer has a key "__proto__"';
      if (!key.isWellFormed()) return 'the answer holds half a character';
      open.push(inner);
    }
  }
  return undefined;
}
