import { TalosError } from './errors.ts';
import type { JsonValue } from './json.ts';

/** Deepest nesting that is written; deeper values are no honest data. */
const maxDepth = 200;

/**
 * The one way a JSON value is written by RFC 8785 (JSON Canonicalization Scheme): keys sorted by UTF-16 code units, numbers and
 * strings as ECMAScript writes them, no spaces. Fails with INTERNAL for what JSON cannot carry or nests deeper than 200.
 */
export function canonicalJson(value: JsonValue): string {
  return write(value, 0);
}

function write(value: JsonValue, depth: number): string {
  if (depth > maxDepth) throw refused(`nests deeper than ${maxDepth}`);
  if (typeof value === 'object') return value === null ? 'null' : writeCollection(value, depth);
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'string' && value.isWellFormed()) return JSON.stringify(value);
  if (typeof value === 'number' && Number.isFinite(value)) return JSON.stringify(value);
  throw refused(typeof value === 'string' ? 'holds half a character' : `holds ${String(value)}`);
}

type Collection = Extract<JsonValue, object>;

function writeCollection(value: Collection, depth: number): string {
  if (isList(value)) return `[${value.map((item) => write(item, depth + 1)).join(',')}]`;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined); // an absent optional field
  const members = entries
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, item]) => `${write(key, depth)}:${write(item, depth + 1)}`);
  return `{${members.join(',')}}`;
}

/** Array.isArray for values that may not be written to. */
export function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function refused(what: string): TalosError {
  return new TalosError('INTERNAL', `A value that ${what} has no canonical JSON.`);
}
