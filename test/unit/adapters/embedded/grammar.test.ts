import { describe, expect, it } from 'vitest';

import { openObjects } from '../../../../adapters/embedded/grammar.ts';

describe('a schema for the library', () => {
  it('lets an object without named properties be any object, at every depth', () => {
    const schema = {
      type: 'object',
      properties: { input: { type: 'object' }, cases: { type: 'array', items: { type: 'object' } } },
    };
    expect(openObjects(schema)).toEqual({
      type: 'object',
      properties: {
        input: { type: 'object', additionalProperties: true },
        cases: { type: 'array', items: { type: 'object', additionalProperties: true } },
      },
    });
  });

  it('leaves what the schema itself says of other properties', () => {
    const schema = { type: 'object', additionalProperties: { type: 'string' } };
    expect(openObjects(schema)).toEqual(schema);
  });
});
