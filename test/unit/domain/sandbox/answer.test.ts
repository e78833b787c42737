import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { parseAnswer } from '../../../../domain/sandbox/answer.ts';

describe('an answer', () => {
  it('is taken as it is when it is plain JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        const text = JSON.stringify(value);
        fc.pre(!text.includes('__proto__') && !/\\ud[89a-f]/i.test(text));
        expect(parseAnswer(text)).toEqual({ output: JSON.parse(text) as unknown });
      }),
    );
  });

  it('may be nested 200 deep, and no deeper', () => {
    expect(parseAnswer('['.repeat(200) + ']'.repeat(200))).toHaveProperty('output');
    expect(parseAnswer('['.repeat(201) + ']'.repeat(201))).toHaveProperty('refused');
    expect(parseAnswer('{"a":'.repeat(1_000_000))).toHaveProperty('refused');
  });

  it('may hold brackets in its texts', () => {
    expect(parseAnswer(JSON.stringify({ text: '[{"\\'.repeat(500) }))).toHaveProperty('output');
  });

  it.each([
    ['a prototype', '{"__proto__":{"isAdmin":true}}'],
    ['a prototype in disguise', '[[{"\\u005f_proto__":1}]]'],
    ['half a character', '"\\ud83d"'],
    ['half a character in a key', '{"\\udc00":1}'],
    ['a number without end', '[1e999]'],
    ['no JSON', '{"a":1'],
    ['nothing', ''],
  ])('may not hold %s', (_, text) => {
    expect(parseAnswer(text)).toHaveProperty('refused');
  });

  it.each([
    ['2^53 + 1', '{"n":[9007199254740993]}'],
    ['a negative one', '-9007199254740993'],
    ['25!', '{"n":15511210043330985984000001}'],
  ])('may not hold a whole number that would be rounded: %s', (_, text) => {
    expect(parseAnswer(text)).toEqual({ refused: expect.stringMatching(/whole number -?\d+, which would be rounded/) });
  });

  it.each([
    '9007199254740992',
    '-9007199254740992',
    '18446744073709551616',
    '73786976294838210000',
    '0.1234567890123456789',
  ])('may hold %s, which is exact, as JavaScript writes it, or no whole number', (text) => {
    expect(parseAnswer(`[${text},"12345678901234567890"]`)).toEqual({
      output: [Number(text), '12345678901234567890'],
    });
  });

  it('may hold every number JavaScript knows', () => {
    const number = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.integer().map((n) => n * 2 ** 40),
    );
    fc.assert(
      fc.property(number, (value) => {
        expect(parseAnswer(JSON.stringify([value]))).toEqual({
          output: JSON.parse(JSON.stringify([value])) as unknown,
        });
      }),
    );
  });

  it('may name what objects have anyway', () => {
    expect(parseAnswer('{"constructor":1,"prototype":2,"toString":3}')).toHaveProperty('output');
  });
});
