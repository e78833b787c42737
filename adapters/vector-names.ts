import { createHash } from 'node:crypto';

import type { MemoryCollection } from '../domain/retrieval/memory.ts';

/** What the names of all spaces of a collection start with. */
export function collectionPrefix(prefix: string, collection: MemoryCollection): string {
  return `${prefix}${collection}--`;
}

/**
 * Names the space of one embedder in a collection within the rules of Chroma (3 to 512 of letters, digits, ".", "_", "-").
 * The hash keeps apart what the readable part makes equal.
 */
export function spaceName(prefix: string, collection: MemoryCollection, embedder: string): string {
  const readable = embedder
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
    .slice(0, 60);
  const hash = createHash('sha256').update(embedder).digest('hex').slice(0, 8);
  return `${collectionPrefix(prefix, collection)}${readable}-${hash}`;
}
