import type { Collection, Metadata, WhereDocument } from 'chromadb';

import type { VectorStore } from '../domain/ports.ts';
import {
  type MemoryCollection,
  type MemoryItem,
  type MemoryMatch,
  MemoryMetadata,
  type MemoryPage,
  type MemoryQuery,
  usedAt,
} from '../domain/retrieval/memory.ts';
import { chromaAt, guarded } from './vector-client.ts';
import { createSpaces } from './vector-spaces.ts';

type StoreOptions = {
  readonly url: string;
  /** Put before the name of every collection. */
  readonly prefix?: string;
  /** Longest time of a read; a write may take five times as long. */
  readonly timeoutMs?: number;
};

/** Chroma takes some 5,000 at once; this is where bigger stops being faster. */
const batchSize = 1000;

/** Long-term memory in Chroma. Vectors are always ours: the client embeds nothing. */
export function createVectorStore({ url, prefix = '', timeoutMs = 2000 }: StoreOptions): VectorStore {
  const connect = chromaAt(url);
  const spaces = createSpaces({ connect, prefix, timeoutMs });
  return {
    ping: (signal) => guarded(async () => void (await connect(timeoutMs, signal).heartbeat())),

    async upsert(collection, embedder, items) {
      const dimension = items[0]?.vector.length ?? 0;
      for (const batch of batches([...new Map(items.map((item) => [item.id, item])).values()])) {
        await spaces.write({ collection, embedder, dimension }, (space) => upsertBatch(space, batch));
      }
    },

    async query(query) {
      if (query.limit <= 0) return [];
      const { collection, embedder, vector } = query;
      const space = { collection, embedder, dimension: vector.length };
      return (await spaces.read(space, (found) => nearest(found, query))) ?? [];
    },

    async delete(collection, embedder, ids) {
      for (const batch of batches([...new Set(ids)])) {
        await spaces.read({ collection, embedder }, (space) => space.delete({ ids: batch }));
      }
    },

    count: (collection) => spaces.count(collection),
    scan: (collection, page) => scan(spaces, collection, page),

    async touch(collection, embedder, { ids, at }) {
      for (const batch of batches([...new Set(ids)])) {
        await spaces.read({ collection, embedder }, (space) => touchBatch(space, batch, at));
      }
    },
  };
}

/** A page never spans two spaces; where the next begins is written `<place in the space>/<embedder>`. */
async function scan(
  spaces: ReturnType<typeof createSpaces>,
  collection: MemoryCollection,
  { limit, from = '0/' }: { limit: number; from?: string | undefined },
): Promise<MemoryPage> {
  const [, place = '0', wanted = ''] = /^(\d+)\/(.*)$/s.exec(from) ?? [];
  const embedders = (await spaces.embedders(collection)).filter((name) => name >= wanted);
  const [embedder, following] = embedders;
  if (embedder === undefined) return { entries: [] };
  const offset = embedder === wanted ? Number(place) : 0; // a space that has gone meanwhile is passed over
  const wantedPage = { limit: Math.max(1, limit), offset, include: ['metadatas' as const] };
  const page = await spaces.read({ collection, embedder }, (space) => space.get(wantedPage));
  const entries = (page?.ids ?? []).map((id, at) => {
    const metadata = fromChroma(page?.metadatas[at]);
    return { id, embedder, ...(metadata && { metadata }) };
  });
  if (entries.length === wantedPage.limit) return { entries, next: `${offset + entries.length}/${embedder}` };
  return { entries, ...(following !== undefined && { next: `0/${following}` }) };
}

/** Chroma knows no counters, so two at once may count as one; for telling what is dear that is good enough. */
async function touchBatch(space: Collection, ids: readonly string[], at: number): Promise<void> {
  const found = await space.get({ ids: [...ids], include: ['metadatas'] });
  const changed = found.ids.flatMap((id, place) => {
    const metadata = fromChroma(found.metadatas[place]);
    const used = metadata && usedAt(metadata, at);
    return used === undefined || used === metadata ? [] : [{ id, metadata: toChroma(used) }];
  });
  if (changed.length === 0) return;
  await space.update({ ids: changed.map(({ id }) => id), metadatas: changed.map(({ metadata }) => metadata) });
}

async function upsertBatch(space: Collection, items: readonly MemoryItem[]): Promise<void> {
  await space.upsert({
    ids: items.map(({ id }) => id),
    embeddings: items.map(({ vector }) => [...vector]),
    documents: items.map(({ text }) => text),
    metadatas: items.map(({ metadata }) => toChroma(metadata)),
  });
}

async function nearest(space: Collection, query: MemoryQuery): Promise<MemoryMatch[]> {
  const filter = containsAny(query.contains ?? []);
  const found = await space.query({
    queryEmbeddings: [[...query.vector]],
    nResults: query.limit,
    include: ['documents', 'metadatas', 'distances'],
    ...(filter && { whereDocument: filter }),
  });
  return (found.ids[0] ?? []).flatMap((id, place) => {
    const metadata = fromChroma(found.metadatas[0]?.[place]);
    if (metadata === undefined) return [];
    const text = found.documents[0]?.[place] ?? '';
    const similarity = toSimilarity(found.distances[0]?.[place]);
    return [{ id, collection: query.collection, text, metadata, similarity }];
  });
}

function containsAny(words: readonly string[]): WhereDocument | undefined {
  const conditions = words.filter((word) => word !== '').map((word) => ({ $contains: word }));
  return conditions.length > 1 ? { $or: conditions } : conditions[0];
}

/** Rounding makes distances like -4e-7; a vector of zeros has none. */
function toSimilarity(distance: number | null | undefined): number {
  const similarity = 1 - (distance ?? 1);
  return Number.isFinite(similarity) ? Math.min(1, Math.max(-1, similarity)) : 0;
}

/** An upsert keeps old keys that the new metadata lacks, so every key is written, blank where it has no value. */
function toChroma(metadata: MemoryMetadata): Metadata {
  return { ...metadata, conversation: metadata.conversation ?? '' };
}

/** Undefined for what Talos did not write. */
function fromChroma(stored: Metadata | null | undefined): MemoryMetadata | undefined {
  const { conversation, ...rest } = stored ?? {};
  return MemoryMetadata.safeParse(conversation === '' ? rest : stored).data;
}

function batches<T>(all: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(all.length / batchSize) }, (_, batch) =>
    all.slice(batch * batchSize, (batch + 1) * batchSize),
  );
}
