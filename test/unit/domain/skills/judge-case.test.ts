import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { JsonValue } from '../../../../domain/json.ts';
import { Assertion } from '../../../../domain/skills/cases.ts';
import { resolvePointer } from '../../../../domain/skills/json-pointer.ts';
import { isSameJson, judgeCase, maxMatchedText } from '../../../../domain/skills/judge-case.ts';

const json = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as JsonValue);
const judge = (assertion: unknown, output: JsonValue) =>
  judgeCase({ assertions: [Assertion.parse(assertion)] }, output);

describe('judging an output', () => {
  it('passes every output that is the expected one', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(judgeCase({ expected: value, assertions: [] }, structuredClone(value))).toEqual({ pass: true });
      }),
    );
  });

  it('passes no output with one value more than expected', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(judgeCase({ expected: value, assertions: [] }, [value]).pass).toBe(false);
        expect(judgeCase({ expected: { a: value }, assertions: [] }, { a: value, b: null }).pass).toBe(false);
      }),
    );
  });

  it('does not mind the order of keys, but that of items', () => {
    expect(isSameJson({ a: 1, b: [1, 2] }, { b: [1, 2], a: 1 })).toBe(true);
    expect(isSameJson([1, 2], [2, 1])).toBe(false);
    expect(isSameJson(0, -0)).toBe(true);
    expect(isSameJson('1', 1)).toBe(false);
    expect(isSameJson([], {})).toBe(false);
  });

  it('finds every value by its pointer', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), json, (keys, value) => {
        const root = keys.reduceRight<JsonValue>((inner, key) => Object.fromEntries([[key, inner]]), value);
        const pointer = keys.map((key) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
        expect(resolvePointer(root, pointer)).toEqual({ value });
      }),
    );
  });

  it.each(['/length', '/0/constructor', '/0/__proto__', '/01', '/-', '/-1', '/5', 'a', '/~2'])(
    'finds nothing at %s',
    (pointer) => {
      expect(resolvePointer([{ a: 'b' }], pointer)).toBeUndefined();
    },
  );

  it.each([
    [{ kind: 'equals', path: '/n', value: 3 }, { n: 3 }],
    [{ kind: 'equals', value: [1] }, [1]],
    [{ kind: 'approximately', path: '/n', value: 0.3, within: 1e-9 }, { n: 0.1 + 0.2 }],
    [{ kind: 'contains', path: '/t', text: 'ell' }, { t: 'hello' }],
    [{ kind: 'contains', path: '/t', text: 'b' }, { t: ['a', 'b'] }],
    [{ kind: 'matches', path: '/t', pattern: '^\\d{4}-\\d{2}$' }, { t: '2026-02' }],
    [{ kind: 'exists', path: '/a/0' }, { a: [null] }],
  ])('%j holds for %j', (assertion, output) => {
    expect(judge(assertion, output)).toEqual({ pass: true });
  });

  it.each([
    [{ kind: 'equals', path: '/n', value: 3 }, { n: 4 }, '/n is 4, which is not 3'],
    [
      { kind: 'approximately', path: '/n', value: 1, within: 0.1 },
      { n: '1' },
      '/n is "1", which is not within 0.1 of 1',
    ],
    [{ kind: 'contains', path: '/t', text: 'x' }, { t: { x: 1 } }, 'does not contain "x"'],
    [{ kind: 'contains', path: '/t', text: 'x' }, { t: ['xx'] }, 'does not contain "x"'],
    [{ kind: 'matches', path: '/t', pattern: '^a+$' }, { t: 'aab' }, 'does not match "^a+$"'],
    [{ kind: 'matches', path: '/t', pattern: '1' }, { t: 1 }, 'is no text'],
    [{ kind: 'exists', path: '/a' }, {}, '/a is missing'],
  ])('%j does not hold for %j', (assertion, output, reason) => {
    expect(judge(assertion, output)).toEqual({ pass: false, reason: expect.stringContaining(reason) });
  });

  it('is done soon with a pattern and a text made to take for ever', () => {
    const output = `${'a'.repeat(maxMatchedText - 1)}!`;
    expect(judge({ kind: 'matches', pattern: '^(a+)+$' }, output)).toMatchObject({ pass: false });
    expect(judge({ kind: 'matches', pattern: '^a' }, `${output}!`)).toMatchObject({
      reason: expect.stringContaining('longer'),
    });
  });

  it('tells a reason that is short however long the output is', () => {
    const verdict = judgeCase({ expected: 'x', assertions: [] }, 'y'.repeat(100_000));
    expect(verdict.pass ? '' : verdict.reason).toHaveLength('expected "x", got '.length + 121);
  });
});
