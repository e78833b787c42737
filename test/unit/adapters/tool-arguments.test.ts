import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { readArguments } from '../../../adapters/tool-arguments.ts';

const problem = 'The arguments of the call are no JSON object.';

describe('arguments of a tool call', () => {
  it.each([
    ['an object', { city: 'Paris' }, { city: 'Paris' }],
    ['its JSON', '{"city":"Paris"}', { city: 'Paris' }],
    ['nothing', undefined, {}],
    ['null', null, {}],
    ['an empty text', '', {}],
  ])('may come as %s', (_, given, expected) => {
    expect(readArguments(given)).toEqual({ arguments: expected });
  });

  it.each([
    ['JSON that breaks off', '{"city":"Par'],
    ['JSON with an extra bracket', '{"city":"Paris"}}'],
    ['a list', ['Paris']],
    ['the JSON of a list', '["Paris"]'],
    ['a number', 7],
    ['plain words', 'Paris, please'],
    ['JSON with half a character', '{"city":"\\ud83d"}'],
    ['an object with half a character', { city: '\ud83d' }],
    ['JSON that nests too deep', `{"city":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
    ['an object that nests too deep', JSON.parse(`{"city":${'['.repeat(100_000)}${']'.repeat(100_000)}}`)],
  ])('are never guessed from %s', (_, given) => {
    expect(readArguments(given)).toEqual({ arguments: {}, problem });
  });

  it('never throw', () => {
    fc.assert(
      fc.property(fc.anything(), (given) => {
        expect(readArguments(given)).toHaveProperty('arguments');
      }),
    );
  });
});
