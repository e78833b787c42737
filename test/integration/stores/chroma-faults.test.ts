import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';

import { ChromaClient } from 'chromadb';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';

import { spaceName } from '../../../adapters/vector-names.ts';
import { createVectorStore } from '../../../adapters/vector-store.ts';
import type { VectorStore } from '../../../domain/ports.ts';
import type { MemoryItem } from '../../../domain/retrieval/memory.ts';
import { failureCode } from './support.ts';

const metadata = { source: 'message', createdAt: 1, lastAccess: 1, accessCount: 1, priority: 'normal' } as const;
const item: MemoryItem = { id: 'a', text: 'hello', vector: [1, 0, 0], metadata };
const question = { collection: 'knowledge_base', embedder: 'tiny', vector: [1, 0, 0], limit: 5 } as const;

async function codes(store: VectorStore) {
  const calls = [
    store.ping(AbortSignal.timeout(5000)),
    store.upsert('knowledge_base', 'tiny', [item]),
    store.query(question),
    store.delete('knowledge_base', 'tiny', ['a']),
    store.count('knowledge_base'),
  ];
  return new Set(await Promise.all(calls.map(failureCode)));
}

describe('a Chroma that fails', () => {
  it('is VECTORS_UNAVAILABLE when nothing listens', async () => {
    expect(await codes(createVectorStore({ url: 'http://127.0.0.1:1' }))).toEqual(new Set(['VECTORS_UNAVAILABLE']));
  });

  it('is VECTORS_UNAVAILABLE when it never answers, and the requests end', async () => {
    const ended: Promise<unknown>[] = [];
    const silent = createHttpServer((_request, response) => void ended.push(once(response, 'close')));
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const store = createVectorStore({ url: `http://127.0.0.1:${port}`, timeoutMs: 200 });
    expect(await codes(store)).toEqual(new Set(['VECTORS_UNAVAILABLE']));
    expect(ended).toHaveLength(5);
    await Promise.all(ended);
    silent.closeAllConnections();
    silent.close();
  });

  it('is VECTORS_UNAVAILABLE when something else answers', async () => {
    const server = createServer((socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi')).listen(
      0,
      '127.0.0.1',
    );
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const store = createVectorStore({ url: `http://127.0.0.1:${port}` });
    expect(await failureCode(store.query(question))).toBe('VECTORS_UNAVAILABLE');
    server.close();
  });

  it('ends a ping with the signal', async () => {
    const store = createVectorStore({ url: inject('stack').chroma });
    expect(await failureCode(store.ping(AbortSignal.abort()))).toBe('VECTORS_UNAVAILABLE');
  });
});

describe('collections in Chroma', () => {
  const url = inject('stack').chroma;
  const { hostname, port } = new URL(url);
  const client = new ChromaClient({ host: hostname, port: Number(port), ssl: false });
  let prefix: string;
  let name: string;
  let store: VectorStore;

  beforeEach(() => {
    prefix = `test-${randomBytes(6).toString('hex')}-`;
    name = spaceName(prefix, 'knowledge_base', 'tiny');
    store = createVectorStore({ url, prefix });
  });
  afterEach(async () => {
    await client.deleteCollection({ name }).catch(() => undefined); // some tests make none
  });

  it('are made for cosine with a wide search, and know their embedder', async () => {
    await store.upsert('knowledge_base', 'tiny', [item]);
    const made = await client.getCollection({ name });
    expect(made.configuration.hnsw).toMatchObject({ space: 'cosine', ef_search: 800 });
    expect(made.metadata).toEqual({ collection: 'knowledge_base', embedder: 'tiny', dimension: 3 });
  });

  it('are empty once deleted and made again when needed', async () => {
    await store.upsert('knowledge_base', 'tiny', [item]);
    await client.deleteCollection({ name });
    expect(await store.query(question)).toEqual([]);
    await store.upsert('knowledge_base', 'tiny', [item]);
    await client.deleteCollection({ name });
    await store.upsert('knowledge_base', 'tiny', [item]);
    await client.deleteCollection({ name });
    await store.delete('knowledge_base', 'tiny', ['a']);
    expect(await store.count('knowledge_base')).toBe(0);
  });

  it('are found again under a new identity after a restore', async () => {
    await store.upsert('knowledge_base', 'tiny', [item]);
    await client.deleteCollection({ name });
    await createVectorStore({ url, prefix }).upsert('knowledge_base', 'tiny', [{ ...item, id: 'b' }]);
    expect(await store.query(question)).toMatchObject([{ id: 'b' }]);
  });

  it('are refused when they belong to another embedder or length', async () => {
    const foreign = { collection: 'knowledge_base', embedder: 'other', dimension: 3 };
    await client.createCollection({ name, metadata: foreign, embeddingFunction: null });
    expect(await failureCode(store.query(question))).toBe('VECTORS_UNAVAILABLE');
    expect(await failureCode(store.upsert('knowledge_base', 'tiny', [item]))).toBe('VECTORS_UNAVAILABLE');
    await client.deleteCollection({ name });
    await store.upsert('knowledge_base', 'tiny', [item]);
    const second = createVectorStore({ url, prefix });
    await expect(second.query({ ...question, vector: [1, 0] })).rejects.toThrow(/holds vectors of 3 numbers, not of 2/);
  });

  it('give only what Talos wrote', async () => {
    await store.upsert('knowledge_base', 'tiny', [item]);
    const made = await client.getCollection({ name });
    await made.upsert({ ids: ['x'], embeddings: [[1, 0, 0]], documents: ['x'], metadatas: [{ priority: 'odd' }] });
    expect((await store.query(question)).map((match) => match.id)).toEqual(['a']);
  });

  it('are made once when many write at the same time', async () => {
    const stores = Array.from({ length: 8 }, () => createVectorStore({ url, prefix }));
    await Promise.all(stores.map((one, index) => one.upsert('knowledge_base', 'tiny', [{ ...item, id: `${index}` }])));
    expect(await store.count('knowledge_base')).toBe(8);
  });
});
