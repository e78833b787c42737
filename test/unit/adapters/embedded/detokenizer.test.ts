import { describe, expect, it } from 'vitest';

import { createDetokenizer } from '../../../../adapters/embedded/detokenizer.ts';

/** A model whose tokens are bytes. */
const bytes = { detokenize: (tokens: readonly number[]) => Buffer.from(tokens).toString('utf8') };

describe('text of tokens', () => {
  it('comes by whole characters', () => {
    const writer = createDetokenizer(bytes, []);
    const pieces = [...Buffer.from('aü😀')].map((byte) => writer.push(byte));
    expect(pieces).toEqual(['a', '', 'ü', '', '', '', '😀']);
    expect(writer.flush()).toBe('');
  });

  it('does not wait for ever for bytes that are no character', () => {
    const writer = createDetokenizer(bytes, []);
    const pieces = Array.from({ length: 8 }, () => writer.push(0xff));
    expect(pieces.join('')).toContain('\uFFFD');
  });

  it('gives at the end what was held back', () => {
    const writer = createDetokenizer(bytes, []);
    writer.push(0xf0);
    expect(writer.flush()).toBe('\uFFFD');
  });
});
