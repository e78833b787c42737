import { createHash } from 'node:crypto';

import type { ImageStore } from '../../domain/images/ports.ts';

/** Pictures in memory. */
export function createMemoryImageStore(): ImageStore {
  const kept = new Map<string, Uint8Array>();
  return {
    async put({ type, bytes }) {
      const hash = createHash('sha256').update(bytes).digest('hex');
      kept.set(hash, Uint8Array.from(bytes));
      return { hash, type, bytes: bytes.length };
    },
    get: async (hash) => kept.get(hash),
  };
}
