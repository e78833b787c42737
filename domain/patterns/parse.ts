/** A regular expression as a tree. `reads` takes one character; `asserts` only looks at the place. */
export type PatternNode =
  | { readonly kind: 'reads'; readonly source: string }
  | { readonly kind: 'asserts'; readonly what: '^' | '$' | '\\b' | '\\B' }
  | { readonly kind: 'sequence'; readonly items: readonly PatternNode[] }
  | { readonly kind: 'choice'; readonly items: readonly PatternNode[] }
  | { readonly kind: 'repeat'; readonly item: PatternNode; readonly min: number; readonly max: number | undefined };

/** Longest pattern, in characters. */
export const maxPatternLength = 500;

/** Deepest nesting of groups. */
const maxGroups = 30;

/** Largest number in `{…}`. */
const maxCount = 1000;

type Reader = { readonly source: string; at: number; depth: number };

/**
 * Reads a regular expression of JavaScript with the flag `u`. What cannot be run in linear time is refused: look-around and
 * back references. Throws a SyntaxError that says what is wrong.
 */
export function parsePattern(source: string): PatternNode {
  if (source.length > maxPatternLength) throw new SyntaxError(`the pattern is longer than ${maxPatternLength}`);
  void new RegExp(source, 'u'); // the platform knows best what is well formed
  const reader: Reader = { source, at: 0, depth: 0 };
  return readChoice(reader);
}

function readChoice(reader: Reader): PatternNode {
  const items = [readSequence(reader)];
  while (reader.source[reader.at] === '|') {
    reader.at += 1;
    items.push(readSequence(reader));
  }
  return { kind: 'choice', items };
}

function readSequence(reader: Reader): PatternNode {
  const items: PatternNode[] = [];
  while (reader.at < reader.source.length && !/^[|)]/.test(rest(reader))) items.push(readRepeat(reader));
  return { kind: 'sequence', items };
}

function readRepeat(reader: Reader): PatternNode {
  const item = readItem(reader);
  const found = /^(?:([*+?])|\{(\d+)(?:(,)(\d*))?\})\??/.exec(rest(reader));
  if (found === null) return item;
  reader.at += found[0].length;
  const [, sign, least = '0', comma, most = ''] = found;
  if (sign !== undefined) return { kind: 'repeat', item, min: sign === '+' ? 1 : 0, max: sign === '?' ? 1 : undefined };
  const min = Number(least);
  const max = comma === undefined ? min : most === '' ? undefined : Number(most);
  if (Math.max(min, max ?? 0) > maxCount) throw new SyntaxError(`the pattern repeats more than ${maxCount} times`);
  return { kind: 'repeat', item, min, max };
}

function readItem(reader: Reader): PatternNode {
  const ahead = rest(reader);
  if (ahead.startsWith('(')) return readGroup(reader);
  const assertion = /^(?:[\^$]|\\[bB])/.exec(ahead)?.[0];
  if (assertion === '^' || assertion === '$' || assertion === '\\b' || assertion === '\\B') {
    reader.at += assertion.length;
    return { kind: 'asserts', what: assertion };
  }
  if (/^\\(?:[1-9]|k)/.test(ahead)) throw new SyntaxError('the pattern uses a back reference, which is not supported');
  const character =
    /^(?:\[(?:\\.|[^\]\\])*\]|\\u\{[0-9a-f]+\}|\\u[0-9a-f]{4}(?:\\u[0-9a-f]{4})?|\\x[0-9a-f]{2}|\\p\{[^}]*\}|\\c[a-z]|\\.|.)/isu;
  const source = character.exec(ahead)?.[0] ?? '';
  reader.at += source.length;
  return { kind: 'reads', source: oneCharacter(reader, source) };
}

/** `\uD83D\uDE00` is one character, `\u0041\u0042` are two. */
function oneCharacter(reader: Reader, source: string): string {
  if (!/^\\u[^{]{4}\\u/i.test(source) || /^\\ud[89ab]..\\ud[c-f]../i.test(source)) return source;
  reader.at -= 6;
  return source.slice(0, 6);
}

function readGroup(reader: Reader): PatternNode {
  const opening = /^\((?:\?:|\?<[^=!>][^>]*>|\?)?/.exec(rest(reader))?.[0] ?? '(';
  if (opening === '(?') throw new SyntaxError('the pattern uses look-around or a modifier, which is not supported');
  reader.at += opening.length;
  reader.depth += 1;
  if (reader.depth > maxGroups) throw new SyntaxError(`the pattern nests deeper than ${maxGroups}`);
  const inside = readChoice(reader);
  reader.at += 1; // the closing bracket
  reader.depth -= 1;
  return inside;
}

function rest(reader: Reader): string {
  return reader.source.slice(reader.at);
}
