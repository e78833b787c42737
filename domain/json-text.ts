import { JsonValue } from './json.ts';

/** A text read as JSON, or why it is none. */
export type ParsedJson =
  | { readonly ok: true; readonly value: JsonValue }
  | { readonly ok: false; readonly reason: string };

/**
 * Reads JSON that may be hostile. Nesting is counted before anything recurses over it; a key `__proto__`, which would reach into
 * objects made from it, is refused.
 */
export function parseJsonText(text: string, maxDepth: number): ParsedJson {
  if (nesting(text) > maxDepth) return { ok: false, reason: `it nests deeper than ${maxDepth}` };
  try {
    const parsed: unknown = JSON.parse(text, (key, value: unknown) => {
      if (key === '__proto__') throw new SyntaxError('the key __proto__ is not allowed');
      if (!key.isWellFormed() || (typeof value === 'string' && !value.isWellFormed())) {
        throw new SyntaxError('it holds half a character');
      }
      return value;
    });
    const result = JsonValue.safeParse(parsed);
    return result.success
      ? { ok: true, value: result.data }
      : { ok: false, reason: 'it holds a number beyond all bounds' };
  } catch (thrown) {
    return { ok: false, reason: thrown instanceof Error ? thrown.message.slice(0, 200) : 'it is no JSON' };
  }
}

/** Deepest level of brackets outside strings. */
function nesting(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/gs)) {
    if (token === '[' || token === '{') deepest = Math.max(deepest, (depth += 1));
    else if (token === ']' || token === '}') depth -= 1;
  }
  return deepest;
}
