import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { collectionPrefix, spaceName } from '../../../adapters/vector-names.ts';

describe('names of vector collections', () => {
  it('keep to the rules of Chroma for any embedder, and tell embedders apart', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), fc.string({ maxLength: 300 }), (one, other) => {
        const name = spaceName('talos-', 'knowledge_base', one);
        expect(name).toMatch(/^[a-zA-Z0-9][a-zA-Z0-9._-]{1,510}[a-zA-Z0-9]$/);
        expect(name.startsWith(collectionPrefix('talos-', 'knowledge_base'))).toBe(true);
        expect(spaceName('talos-', 'knowledge_base', other) === name).toBe(one === other);
      }),
    );
  });

  it('stay readable', () => {
    expect(spaceName('', 'conversation_history', 'nomic-embed-text:latest')).toMatch(
      /^conversation_history--nomic-embed-text-latest-[0-9a-f]{8}$/,
    );
  });
});
