import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { isNearlyAllStrings } from '../../../api/json-strings.ts';

const check = (json: string) => isNearlyAllStrings(Buffer.from(json));

describe('a large JSON text', () => {
  it.each([
    ['a long string', JSON.stringify({ images: ['x'.repeat(300_000)] })],
    ['a string of quotes', JSON.stringify({ message: '"'.repeat(100_000) })],
    ['a string of backslashes', JSON.stringify({ message: '\\'.repeat(100_001) })],
    ['brackets within a string', JSON.stringify({ message: '['.repeat(100_000) })],
    ['nothing', ''],
  ])('passes: %s', (_, json) => expect(check(json)).toBe(true));

  it.each([
    ['brackets', '['.repeat(100_000)],
    ['brackets behind a string', `"x"${'['.repeat(100_000)}`],
    ['brackets behind an escaped quote', `"\\""${'['.repeat(100_000)}`],
    ['numbers', `[${'1,'.repeat(50_000)}1]`],
    ['many empty strings', `[${'"",'.repeat(50_000)}""]`],
  ])('does not: %s', (_, json) => expect(check(json)).toBe(false));

  it('is told apart wherever its strings begin and end', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { maxLength: 20 }), (strings) => {
        const filler = '['.repeat(70_000);
        expect(check(`${JSON.stringify([...strings, filler])}`)).toBe(true);
        expect(check(`${JSON.stringify(strings)}${filler}`)).toBe(false);
      }),
      { numRuns: 50 },
    );
  });
});
