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

  it('may name what objects have anyway', () => {
    expect(parseAnswer('{"constructor":1,"prototype":2,"toString":3}')).toHaveProperty('output');
  });
});
