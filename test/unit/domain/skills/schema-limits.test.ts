import { describe, expect, it } from 'vitest';

import { createSchemaChecker } from '../../../../adapters/skill-schemas.ts';
import type { JsonObject } from '../../../../domain/json.ts';
import { schemaProblems } from '../../../../domain/skills/schema-limits.ts';

const deep = Array.from({ length: 30 }).reduce<JsonObject>((inner) => ({ items: inner }), {});
/** Each definition uses the next one twice: small to write, 2^20 to check. */
const doubling = Object.fromEntries(
  Array.from({ length: 20 }, (_, index) => [
    `d${index}`,
    index === 19 ? {} : { allOf: [{ $ref: `#/$defs/d${index + 1}` }, { $ref: `#/$defs/d${index + 1}` }] },
  ]),
);

describe('the limits of a JSON Schema', () => {
  it.each<[string, JsonObject, string]>([
    ['remote references', { $ref: 'https://evil.example.org/schema.json' }, 'only to its own definitions'],
    ['references to files', { $ref: 'file:///etc/passwd' }, 'only to its own definitions'],
    ['a reference to itself', { $ref: '#' }, 'only to its own definitions'],
    [
      'recursion',
      { $defs: { a: { properties: { x: { $ref: '#/$defs/a' } } } }, $ref: '#/$defs/a' },
      'refers to itself through "a"',
    ],
    ['a circle', { $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } } }, 'refers to itself'],
    ['definitions that multiply', { $defs: doubling, $ref: '#/$defs/d0' }, 'more than 500 subschemas'],
    ['depth', deep, 'nests deeper than 24'],
    ['length', { description: 'x'.repeat(40_000) }, 'longer than 32768 characters'],
    ['many subschemas', { anyOf: Array.from({ length: 600 }, () => ({})) }, 'more than 500 subschemas'],
    ['look-around', { pattern: '(?=a)' }, 'look-around'],
    ['a long pattern', { properties: { a: { pattern: 'a'.repeat(501) } } }, 'longer than 500'],
    ['a hostile key pattern', { patternProperties: { '(a)\\1': {} } }, 'back reference'],
    ['comparing every item with every other', { uniqueItems: true }, '"uniqueItems" without "maxItems"'],
    ['another base address', { $id: 'https://x.example.org' }, '"$id"'],
    ['dynamic references', { $dynamicRef: '#x' }, '"$dynamicRef"'],
    ['another draft', { $schema: 'http://json-schema.org/draft-07/schema#' }, '2020-12'],
    ['a definition that is not there', { $ref: '#/$defs/none' }, 'does not have'],
    ['a definition of all objects', { $ref: '#/$defs/constructor', $defs: {} }, 'does not have'],
  ])('keep out %s', (_name, schema, problem) => {
    expect(schemaProblems(schema).join('\n')).toContain(problem);
    expect(() => createSchemaChecker()(schema, null)).toThrow(SyntaxError);
  });

  it('let an honest schema in', () => {
    const schema: JsonObject = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      $defs: { day: { type: 'string', pattern: '^\\d{4}-\\d{2}-\\d{2}$', format: 'date' } },
      type: 'object',
      properties: {
        id: { type: 'string' },
        from: { $ref: '#/$defs/day' },
        to: { $ref: '#/$defs/day' },
        tags: { type: 'array', uniqueItems: true, maxItems: 10, items: { type: 'string' } },
      },
      required: ['from'],
      additionalProperties: false,
    };
    expect(schemaProblems(schema)).toEqual([]);
    const check = createSchemaChecker();
    expect(check(schema, { from: '2026-01-01', tags: ['a', 'b'] })).toEqual([]);
    expect(check(schema, { from: 'today', tags: ['a', 'a'] }).length).toBeGreaterThan(0);
    expect(check(schema, { from: '2026-01-01', '<b>': 1 })).toEqual([
      'the value must NOT have additional properties ("?b?")',
    ]);
  });

  it('do not let a value bring the check to a stop', () => {
    const check = createSchemaChecker();
    const schema: JsonObject = { type: 'string', pattern: '^(a+)+$' };
    expect(check(schema, `${'a'.repeat(20_000)}!`)).toEqual(['the value must match pattern "^(a+)+$"']);
  });

  it('keep two patterns of one schema apart', () => {
    const check = createSchemaChecker();
    const schema: JsonObject = { properties: { a: { pattern: '^a$' }, b: { pattern: '^b$' } } };
    expect(check(schema, { a: 'a', b: 'b' })).toEqual([]);
    expect(check(schema, { a: 'a', b: 'a' })).toEqual(['"/b" must match pattern "^b$"']);
    expect(check(schema, { a: 'b', b: 'b' })).toEqual(['"/a" must match pattern "^a$"']);
  });

  it('treat fields of the prototype as missing', () => {
    expect(createSchemaChecker()({ type: 'object', required: ['toString'] }, {})).toHaveLength(1);
  });

  it('hold for every schema again once it was refused, and compile a good one only once', () => {
    const check = createSchemaChecker();
    for (const _ of [1, 2]) expect(() => check({ type: 'nothing' }, 1)).toThrow(SyntaxError);
    for (let round = 0; round < 300; round += 1) expect(check({ const: round }, round)).toEqual([]);
  });
});
