import { TalosError } from '../../domain/errors.ts';
import type { VectorStore } from '../../domain/ports.ts';
import { type MemoryCollection, type MemoryItem, type MemoryPage, usedAt } from '../../domain/retrieval/memory.ts';
import { spaceName } from '../vector-names.ts';

type Space = {
  readonly collection: MemoryCollection;
  readonly embedder: string;
  readonly dimension: number;
  readonly items: Map<string, MemoryItem>;
};

/** Memories in memory: every query compares all vectors. */
export function createMemoryVectorStore(): VectorStore {
  const spaces = new Map<string, Space>();

  function find(collection: MemoryCollection, embedder: string, dimension: number): Space | undefined {
    const name = spaceName('', collection, embedder);
    const space = spaces.get(name);
    if (space !== undefined && space.dimension !== dimension) {
      throw new TalosError(
        'VECTORS_UNAVAILABLE',
        `The memory collection ${name} holds vectors of ${space.dimension} numbers, not of ${dimension}; use the embedding model it was made with, or delete it.`,
      );
    }
    return space;
  }

  return {
    async ping() {},

    async upsert(collection, embedder, items) {
      for (const item of items) {
        const dimension = item.vector.length;
        const space = find(collection, embedder, dimension) ?? {
          collection,
          embedder,
          dimension,
          items: new Map<string, MemoryItem>(),
        };
        spaces.set(spaceName('', collection, embedder), space);
        space.items.set(item.id, structuredClone(item));
      }
    },

    async query({ collection, embedder, vector, limit, contains = [] }) {
      const words = contains.filter((word) => word !== '');
      return [...(find(collection, embedder, vector.length)?.items.values() ?? [])]
        .filter(({ text }) => words.length === 0 || words.some((word) => text.includes(word)))
        .map(({ vector: other, ...item }) => ({ ...item, collection, similarity: cosine(vector, other) }))
        .sort((a, b) => b.similarity - a.similarity)
        .slice(0, Math.max(0, limit));
    },

    async delete(collection, embedder, ids) {
      const space = spaces.get(spaceName('', collection, embedder));
      for (const id of ids) space?.items.delete(id);
    },

    async count(collection) {
      const own = [...spaces.values()].filter((space) => space.collection === collection);
      return own.reduce((sum, { items }) => sum + items.size, 0);
    },

    scan: async (collection, page) =>
      pageOf(
        [...spaces.values()].filter((space) => space.collection === collection),
        page,
      ),

    async touch(collection, embedder, { ids, at }) {
      const space = spaces.get(spaceName('', collection, embedder));
      for (const id of new Set(ids)) {
        const item = space?.items.get(id);
        if (item !== undefined) space?.items.set(id, { ...item, metadata: usedAt(item.metadata, at) });
      }
    },
  };
}

function pageOf(
  spaces: readonly Space[],
  { limit, from = '0' }: { limit: number; from?: string | undefined },
): MemoryPage {
  const all = spaces.flatMap(({ embedder, items }) =>
    [...items.values()].map(({ id, metadata }) => ({ id, embedder, metadata: structuredClone(metadata) })),
  );
  const end = Number(from) + Math.max(1, limit);
  return { entries: all.slice(Number(from), end), ...(end < all.length && { next: String(end) }) };
}

function cosine(a: readonly number[], b: readonly number[]): number {
  const dot = (x: readonly number[], y: readonly number[]) =>
    x.reduce((sum, value, at) => sum + value * (y[at] ?? 0), 0);
  const similarity = dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
  return Number.isFinite(similarity) ? Math.min(1, Math.max(-1, similarity)) : 0;
}
