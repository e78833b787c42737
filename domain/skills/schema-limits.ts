import { canonicalJson, isList } from '../canonical-json.ts';
import type { JsonObject, JsonValue } from '../json.ts';
import { compilePattern } from '../patterns/compile.ts';

/** What bounds a JSON Schema, so that checking a value against it costs little whoever wrote it. */
export const schemaLimits = {
  characters: 32_768,
  depth: 24,
  /** Subschemas, those behind `$ref` counted once for each use. */
  subschemas: 500,
  uniqueItems: 1000,
} as const;

/** Keywords that move what a reference means, or load what is elsewhere. */
const refusedKeywords = ['$id', '$anchor', '$dynamicRef', '$dynamicAnchor', '$recursiveRef', '$vocabulary', 'id'];

const inListOf = ['allOf', 'anyOf', 'oneOf', 'prefixItems'];
const inMapOf = ['$defs', 'properties', 'patternProperties', 'dependentSchemas'];
const inField = [
  'additionalProperties',
  'contains',
  'else',
  'if',
  'items',
  'not',
  'propertyNames',
  'then',
  'unevaluatedItems',
  'unevaluatedProperties',
];

type Walk = {
  readonly root: JsonObject;
  readonly open: readonly string[];
  count: number;
  readonly problems: Set<string>;
};

/** What makes a JSON Schema too expensive or unsafe to check values against; empty when nothing does. */
export function schemaProblems(schema: JsonObject): string[] {
  if (canonicalJson(schema).length > schemaLimits.characters) {
    return [`is longer than ${schemaLimits.characters} characters`];
  }
  const problems = new Set<string>();
  const dialect = schema['$schema'];
  if (dialect !== undefined && dialect !== 'https://json-schema.org/draft/2020-12/schema') {
    problems.add('"$schema" must be https://json-schema.org/draft/2020-12/schema, or left out');
  }
  walk(schema, 0, { root: schema, open: [], count: 0, problems });
  return [...problems];
}

function walk(schema: JsonValue | undefined, depth: number, state: Walk): void {
  if (schema === undefined || typeof schema === 'boolean' || !isObject(schema)) return;
  state.count += 1;
  if (state.count > schemaLimits.subschemas) {
    state.problems.add(`has more than ${schemaLimits.subschemas} subschemas, references included`);
    return;
  }
  if (depth > schemaLimits.depth) {
    state.problems.add(`nests deeper than ${schemaLimits.depth}`);
    return;
  }
  checkKeywords(schema, state.problems);
  for (const inner of subschemas(schema)) walk(inner, depth + 1, state);
  if (schema['$ref'] !== undefined) followReference(schema['$ref'], depth, state);
}

function checkKeywords(schema: JsonObject, problems: Set<string>): void {
  for (const keyword of refusedKeywords) {
    // A field of an object may be called "id"; the keyword is a text.
    if (typeof schema[keyword] === 'string') problems.add(`uses "${keyword}", which is not supported`);
  }
  const patterns = isObject(schema['patternProperties']) ? Object.keys(schema['patternProperties']) : [];
  if (typeof schema['pattern'] === 'string') patterns.push(schema['pattern']);
  for (const pattern of patterns) {
    const reason = patternProblem(pattern);
    if (reason !== undefined) problems.add(`has a pattern that cannot be used: ${reason}`);
  }
  const { maxItems } = schema;
  if (schema['uniqueItems'] === true && !(typeof maxItems === 'number' && maxItems <= schemaLimits.uniqueItems)) {
    problems.add(`uses "uniqueItems" without "maxItems" of at most ${schemaLimits.uniqueItems}`);
  }
}

function patternProblem(pattern: string): string | undefined {
  try {
    compilePattern(pattern);
    return undefined;
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : 'it is not valid';
  }
}

function subschemas(schema: JsonObject): JsonValue[] {
  const lists = inListOf.flatMap((key) => listOf(schema[key]));
  const maps = inMapOf.flatMap((key) => (isObject(schema[key]) ? Object.values(schema[key]) : []));
  return [...lists, ...maps, ...inField.flatMap((key) => schema[key] ?? [])];
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return value !== undefined && isList(value) ? value : [];
}

/** References lead to `$defs` of the same schema and never back to themselves: a value cannot make the check run in circles. */
function followReference(reference: JsonValue, depth: number, state: Walk): void {
  const name = typeof reference === 'string' ? /^#\/\$defs\/([A-Za-z0-9_-]{1,64})$/.exec(reference)?.[1] : undefined;
  if (name === undefined) {
    state.problems.add('may refer only to its own definitions, as in "$ref": "#/$defs/name"');
    return;
  }
  if (state.open.includes(name)) {
    state.problems.add(`refers to itself through "${name}", which is not supported`);
    return;
  }
  const definitions = state.root['$defs'];
  const target = isObject(definitions) && Object.hasOwn(definitions, name) ? definitions[name] : undefined;
  if (target === undefined) {
    state.problems.add(`refers to "${name}", which "$defs" does not have`);
    return;
  }
  const inner: Walk = { ...state, open: [...state.open, name] };
  walk(target, depth + 1, inner);
  state.count = inner.count;
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !isList(value);
}
