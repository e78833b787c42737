import { isList } from '../canonical-json.ts';
import type { JsonValue } from '../json.ts';

/** The value a JSON Pointer (RFC 6901) leads to, or undefined when there is none. Only own fields count. */
export function resolvePointer(root: JsonValue, pointer: string): { readonly value: JsonValue } | undefined {
  if (pointer === '') return { value: root };
  if (!isPointer(pointer)) return undefined;
  let value: JsonValue | undefined = root;
  for (const part of pointer.slice(1).split('/')) {
    value = step(value, part.replaceAll('~1', '/').replaceAll('~0', '~'));
    if (value === undefined) return undefined;
  }
  return { value };
}

/** Whether a text is a JSON Pointer. */
export function isPointer(text: string): boolean {
  return /^(?:\/(?:[^~/]|~[01])*)*$/u.test(text);
}

function step(value: JsonValue, key: string): JsonValue | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (isList(value)) return /^(?:0|[1-9]\d{0,9})$/.test(key) ? value[Number(key)] : undefined;
  return Object.hasOwn(value, key) ? value[key] : undefined;
}
