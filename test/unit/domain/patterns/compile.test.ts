import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { compilePattern } from '../../../../domain/patterns/compile.ts';

const atom = fc.constantFrom(
  'a',
  'b',
  '.',
  '\\d',
  '\\w',
  '[ab]',
  '[^a]',
  '\\s',
  '😀',
  '\\u0061',
  '\\.',
  '\\p{L}',
  '[\\]a-c]',
  '\\b',
  '^',
  '$',
  '',
);
const pattern = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    atom,
    fc.tuple(tie('node'), tie('node')).map(([a, b]) => a + b),
    fc.tuple(tie('node'), tie('node')).map(([a, b]) => `(?:${a}|${b})`),
    fc
      .tuple(tie('node'), fc.constantFrom('*', '+', '?', '{2}', '{1,}', '{0,2}', '*?', '{0}'))
      .map(([inner, count]) => `(${inner})${count}`),
  ),
})).node;
const text = fc
  .array(fc.constantFrom('a', 'b', 'c', '1', ' ', '\n', '😀', 'é', ']', '.'), { maxLength: 8 })
  .map((all) => all.join(''));

describe('a pattern that runs in linear time', () => {
  it('finds what the regular expressions of the platform find', () => {
    fc.assert(
      fc.property(pattern, text, (source, subject) => {
        expect(compilePattern(source).test(subject)).toBe(new RegExp(source, 'u').test(subject));
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['^[a-z0-9]+(-[a-z0-9]+)*$', 'csv-summary', true],
    ['^[a-z0-9]+(-[a-z0-9]+)*$', 'csv-', false],
    ['^\\d{4}-\\d{2}-\\d{2}$', '2026-02-28', true],
    ['(?<year>\\d{4})', 'in 2026', true],
    ['^\\u{1F600}$', '😀', true],
    ['^\\uD83D\\uDE00$', '😀', true],
    ['^\\u0041\\u0042$', 'AB', true],
    ['^[\\u{1F600}-\\u{1F64F}]$', '😃', true],
    ['^$', '', true],
    ['a||b', '', true],
    ['^\\x41\\cJ$', 'A\n', true],
  ])('%s on %j is %j', (source, subject, expected) => {
    expect(compilePattern(source).test(subject)).toBe(expected);
  });

  it.each([
    ['^(a+)+$', 'a'],
    ['^(a|a)*$', 'a'],
    ['^(a|aa)+$', 'a'],
    ['^a*a*a*a*a*a*a*a*$', 'a'],
    ['^(([a-z])+.)+[A-Z]([a-z])+$', 'a'],
    ['(.*)*x', 'a'],
  ])('%s is done with a long text that would never end otherwise', (source, letter) => {
    expect(compilePattern(source).test(`${letter.repeat(5000)}!`)).toBe(false);
  });

  it.each([
    ['a back reference', '(a)\\1'],
    ['a named back reference', '(?<x>a)\\k<x>'],
    ['looking ahead', '(?=a)b'],
    ['looking behind', '(?<!a)b'],
    ['a modifier', '(?i:a)'],
    ['a bracket that is not closed', '(a'],
    ['repetition of repetition', `${'('.repeat(4)}a${'{100})'.repeat(4)}`],
    ['an enormous count', 'a{99999}'],
    ['an enormous pattern', 'a'.repeat(501)],
    ['deep groups', `${'('.repeat(40)}a${')'.repeat(40)}`],
  ])('refuses %s', (_name, source) => {
    expect(() => compilePattern(source)).toThrow(SyntaxError);
  });

  it('is not held up by repeating nothing', () => {
    expect(compilePattern(`${'('.repeat(20)}${'){1000}'.repeat(20)}`).test('')).toBe(true);
  });
});
