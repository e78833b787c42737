import { isDeepStrictEqual } from 'node:util';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { canonicalJson } from '../../../domain/canonical-json.ts';
import type { JsonValue } from '../../../domain/json.ts';

const json = fc.jsonValue({ depthSize: 'medium' }).map((value) => JSON.parse(JSON.stringify(value)) as JsonValue);

/** The same value with the keys of every object in another order. */
function shuffled(value: JsonValue): JsonValue {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item: JsonValue) => shuffled(item));
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, item]) => [key, shuffled(item)]),
  );
}

describe('canonical JSON', () => {
  it('reads back as the value it was made from', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(value);
      }),
    );
  });

  it('is the same for the same value, whatever the order of its keys', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(canonicalJson(shuffled(value))).toBe(canonicalJson(value));
      }),
    );
  });

  it('is the same for two values only if they mean the same', () => {
    const small = fc.jsonValue({ maxDepth: 2, depthSize: 'xsmall' });
    fc.assert(
      fc.property(small, small, (a, b) => {
        const [left, right] = [a, b].map((value) => JSON.parse(JSON.stringify(value)) as JsonValue);
        expect(canonicalJson(left!) === canonicalJson(right!)).toBe(isDeepStrictEqual(left, right));
      }),
    );
  });

  it('is what RFC 8785 shows for its own example', () => {
    const value = {
      numbers: [333333333.3333333, 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: '\u20ac$\u000F\u000aA\'\u0042\u0022\u005c\\"/',
      literals: [null, true, false],
    };
    expect(canonicalJson(value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  it('sorts keys by UTF-16 code units, as RFC 8785 says', () => {
    const value = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\ud83d\ude00': 5, '\u0080': 6, '\u00f6': 7 };
    const sorted = ['\r', '1', '\u0080', '\u00f6', '\u20ac', '\ud83d\ude00', '\ufb33'];
    expect(canonicalJson(value)).toBe(
      `{${sorted.map((key) => `${JSON.stringify(key)}:${value[key as keyof typeof value]}`).join(',')}}`,
    );
  });

  it('writes minus zero as zero and leaves out what is undefined', () => {
    expect(canonicalJson({ a: -0, b: undefined } as unknown as JsonValue)).toBe('{"a":0}');
  });

  it.each([
    ['half a character', '\ud800'],
    ['half a character as a key', { '\udc00': 1 }],
    ['infinity', [Number.POSITIVE_INFINITY]],
    ['no number', { a: Number.NaN }],
    ['a missing item', [undefined]],
  ])('refuses %s', (_name, value) => {
    expect(() => canonicalJson(value as JsonValue)).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
  });

  it('refuses what nests so deep that it would break the reader', () => {
    let deep: JsonValue = 0;
    for (let level = 0; level < 5000; level += 1) deep = [deep];
    expect(() => canonicalJson(deep)).toThrow(/nests deeper/);
  });
});
