import { randomBytes } from 'node:crypto';

import { ChromaClient } from 'chromadb';
import { afterEach, inject } from 'vitest';

import { createMemoryVectorStore } from '../../adapters/memory/vector-store.ts';
import { createVectorStore } from '../../adapters/vector-store.ts';
import { describeVectorStore } from './vector-store-suite.ts';

describeVectorStore('vector store in memory', async () => createMemoryVectorStore());

const url = inject('stack').chroma;
const { hostname, port } = new URL(url);
const client = new ChromaClient({ host: hostname, port: Number(port), ssl: false });
const prefixes: string[] = [];
afterEach(async () => {
  for (const { name } of await client.listCollections({ limit: 1000 })) {
    if (prefixes.some((prefix) => name.startsWith(prefix))) await client.deleteCollection({ name });
  }
  prefixes.length = 0;
});
describeVectorStore('vector store in Chroma', async () => {
  const prefix = `test-${randomBytes(6).toString('hex')}-`;
  prefixes.push(prefix);
  return createVectorStore({ url, prefix });
});
