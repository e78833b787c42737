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

/** Deepest level of brackets outside strings. One look at each character: a pattern would look for the end of a text that has none again and again. */
export function nesting(text: string): number {
  let depth = 0;
  let deepest = 0;
  let isInText = false;
  for (let place = 0; place < text.length; place += 1) {
    const sign = text.charAt(place);
    if (isInText && sign === '\\') place += 1;
    else if (sign === '"') isInText = !isInText;
    else if (isInText) continue;
    else if (sign === '[' || sign === '{') deepest = Math.max(deepest, (depth += 1));
    else if (sign === ']' || sign === '}') depth -= 1;
  }
  return deepest;
}
