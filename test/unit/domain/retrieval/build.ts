import type { MemoryMatch, MemoryMetadata } from '../../../../domain/retrieval/memory.ts';

export const now = Date.UTC(2026, 5, 1);
export const day = 24 * 60 * 60 * 1000;

/** A memory found, a day old and of normal priority unless said otherwise. */
export function match(
  text: string,
  change: Partial<Omit<MemoryMatch, 'metadata'>> & { metadata?: Partial<MemoryMetadata> } = {},
): MemoryMatch {
  const { metadata, ...rest } = change;
  return {
    id: text,
    collection: 'knowledge_base',
    text,
    similarity: 0.7,
    ...rest,
    metadata: {
      source: 'test',
      createdAt: now - day,
      lastAccess: now - day,
      accessCount: 1,
      priority: 'normal',
      ...metadata,
    },
  };
}
