import { beforeEach, describe, expect, it } from 'vitest';

import type { VectorStore } from '../../domain/ports.ts';
import type { MemoryEntry, MemoryItem, MemoryMetadata, MemoryQuery } from '../../domain/retrieval/memory.ts';
import { failureCode } from '../integration/stores/support.ts';

const metadata: MemoryMetadata = {
  conversation: 'kitchen',
  source: 'message',
  createdAt: 1_700_000_000_000,
  lastAccess: 1_700_000_000_001,
  accessCount: 1,
  priority: 'normal',
};
const item = (id: string, vector: number[], text = `text of ${id}`): MemoryItem => ({ id, text, vector, metadata });
const half = Math.SQRT1_2;

/** What every vector store does; `create` must return an empty one. */
export function describeVectorStore(name: string, create: () => Promise<VectorStore>) {
  describe(name, () => {
    let store: VectorStore;
    const upsert = (...items: MemoryItem[]) => store.upsert('knowledge_base', 'tiny:1', items);
    const query = (options: Partial<MemoryQuery> = {}) =>
      store.query({ collection: 'knowledge_base', embedder: 'tiny:1', vector: [1, 0, 0], limit: 10, ...options });
    const ids = async (options: Partial<MemoryQuery> = {}) => (await query(options)).map((match) => match.id);

    beforeEach(async () => {
      store = await create();
    });

    it('answers a ping', async () => {
      await expect(store.ping(AbortSignal.timeout(1000))).resolves.toBeUndefined();
    });

    it('finds the nearest first, with cosine similarity', async () => {
      await upsert(
        item('far', [-1, 0, 0]),
        item('same', [1, 0, 0]),
        item('near', [half, half, 0]),
        item('other', [0, 1, 0]),
      );
      const matches = await query();
      expect(matches.map((match) => match.id)).toEqual(['same', 'near', 'other', 'far']);
      const similarities = matches.map((match) => match.similarity);
      for (const [index, expected] of [1, half, 0, -1].entries()) expect(similarities[index]).toBeCloseTo(expected, 5);
      expect(Math.max(...similarities.map(Math.abs))).toBeLessThanOrEqual(1);
    });

    it('gives back text and metadata as they were', async () => {
      await upsert(item('a', [1, 0, 0], 'a\u0000b 😀\r\n"quoted" %_'));
      expect(await query()).toEqual([
        { id: 'a', collection: 'knowledge_base', text: 'a\u0000b 😀\r\n"quoted" %_', metadata, similarity: 1 },
      ]);
    });

    it('gives at most as many as asked', async () => {
      await upsert(item('a', [1, 0, 0]), item('b', [half, half, 0]), item('c', [0, 1, 0]));
      expect(await ids({ limit: 2 })).toEqual(['a', 'b']);
      expect(await ids({ limit: 0 })).toEqual([]);
    });

    it('replaces an item whole', async () => {
      await upsert(item('a', [1, 0, 0]));
      const { conversation: _dropped, ...rest } = metadata;
      await upsert({ id: 'a', text: 'new', vector: [0, 1, 0], metadata: { ...rest, priority: 'high' } });
      const [match, ...others] = await query({ vector: [0, 1, 0] });
      expect(others).toEqual([]);
      expect(match).toMatchObject({ text: 'new', metadata: { ...rest, priority: 'high' }, similarity: 1 });
      expect(match?.metadata).not.toHaveProperty('conversation');
    });

    it('takes the last of equal ids in one call', async () => {
      await upsert(item('a', [1, 0, 0], 'first'), item('a', [1, 0, 0], 'last'));
      expect(await query()).toMatchObject([{ text: 'last' }]);
    });

    it('keeps only texts that hold one of the words', async () => {
      await upsert(item('a', [1, 0, 0], 'the cat sat'), item('b', [1, 0, 0], 'a dog'), item('c', [1, 0, 0], 'Cat % _'));
      expect((await ids({ contains: ['cat', 'dog'] })).toSorted()).toEqual(['a', 'b']);
      expect(await ids({ contains: ['cat'] })).toEqual(['a']);
      expect(await ids({ contains: ['%'] })).toEqual(['c']);
      expect(await ids({ contains: ['bird'] })).toEqual([]);
      expect(await ids({ contains: [] })).toHaveLength(3);
    });

    it('keeps embedders apart, even ones whose names look alike', async () => {
      await upsert(item('a', [1, 0, 0]));
      await store.upsert('knowledge_base', 'tiny/1', [item('b', [1, 0])]);
      await store.upsert('knowledge_base', 'Tiny:1', [item('c', [1, 0, 0])]);
      expect(await ids()).toEqual(['a']);
      expect(await ids({ embedder: 'tiny/1', vector: [1, 0] })).toEqual(['b']);
      expect(await store.count('knowledge_base')).toBe(3);
    });

    it('keeps collections apart', async () => {
      await upsert(item('a', [1, 0, 0]));
      await store.upsert('skill_memory', 'tiny:1', [item('b', [1, 0, 0])]);
      expect(await ids()).toEqual(['a']);
      expect(await store.count('skill_memory')).toBe(1);
      expect(await store.count('skill_registry')).toBe(0);
    });

    it('refuses vectors of another length than the first', async () => {
      await upsert(item('a', [1, 0, 0]));
      expect(await failureCode(upsert(item('b', [1, 0])))).toBe('VECTORS_UNAVAILABLE');
      expect(await failureCode(query({ vector: [1, 0] }))).toBe('VECTORS_UNAVAILABLE');
      expect(await ids()).toEqual(['a']);
    });

    it('deletes what it is told to and bears unknown ids', async () => {
      await upsert(item('a', [1, 0, 0]), item('b', [1, 0, 0]));
      await store.delete('knowledge_base', 'tiny:1', ['a', 'a', 'unknown']);
      await store.delete('knowledge_base', 'tiny:1', []);
      await store.delete('knowledge_base', 'unknown', ['a']);
      expect(await ids()).toEqual(['b']);
      expect(await store.count('knowledge_base')).toBe(1);
    });

    it('has nothing in a collection nobody wrote to', async () => {
      expect(await query()).toEqual([]);
      expect(await store.count('knowledge_base')).toBe(0);
      await upsert();
      expect(await query()).toEqual([]);
    });

    it('bears a vector of zeros', async () => {
      await upsert(item('a', [1, 0, 0]));
      expect(await query({ vector: [0, 0, 0] })).toMatchObject([{ id: 'a', similarity: 0 }]);
    });

    const scanned = async (limit: number) => {
      const pages: MemoryEntry[][] = [];
      let from: string | undefined;
      do {
        const { entries, next } = await store.scan('knowledge_base', { limit, from });
        expect(entries.length).toBeLessThanOrEqual(limit);
        pages.push([...entries]);
        from = next;
      } while (from !== undefined);
      return pages.flat();
    };

    it.each([1, 2, 3, 100])('tells of everything it holds once, over all embedders, %i at a time', async (limit) => {
      await upsert(item('a', [1, 0, 0]), item('b', [0, 1, 0]), item('c', [0, 0, 1]));
      await store.upsert('knowledge_base', 'other/2', [item('a', [1, 0]), item('d', [0, 1])]);
      await store.upsert('skill_memory', 'tiny:1', [item('e', [1, 0, 0])]);
      const found = await scanned(limit);
      expect(found.map(({ id, embedder }) => `${embedder} ${id}`).toSorted()).toEqual([
        'other/2 a',
        'other/2 d',
        'tiny:1 a',
        'tiny:1 b',
        'tiny:1 c',
      ]);
      for (const entry of found) expect(entry.metadata).toEqual(metadata);
    });

    it('has nothing to tell of an empty collection', async () => {
      expect(await scanned(10)).toEqual([]);
    });

    it('counts uses, the same use once, and changes nothing else', async () => {
      await upsert(item('a', [1, 0, 0], 'text'), item('b', [0, 1, 0]));
      const at = metadata.lastAccess + 5;
      for (let times = 0; times < 2; times += 1) {
        await store.touch('knowledge_base', 'tiny:1', { ids: ['a', 'a', 'unknown'], at });
      }
      await store.touch('knowledge_base', 'unknown', { ids: ['a'], at });
      await store.touch('knowledge_base', 'tiny:1', { ids: [], at });
      expect(await query()).toMatchObject([
        { id: 'a', text: 'text', similarity: 1, metadata: { ...metadata, lastAccess: at, accessCount: 2 } },
        { id: 'b', metadata },
      ]);
      await store.touch('knowledge_base', 'tiny:1', { ids: ['a'], at: at + 1 });
      expect((await query())[0]?.metadata).toEqual({ ...metadata, lastAccess: at + 1, accessCount: 3 });
    });

    it('takes more than a thousand at once', async () => {
      const turned = (index: number) => [Math.cos(index / 700), Math.sin(index / 700), 0];
      await upsert(...Array.from({ length: 1100 }, (_, index) => item(`i${index}`, turned(index))));
      expect(await store.count('knowledge_base')).toBe(1100);
      expect(await ids({ limit: 1, vector: turned(1090) })).toEqual(['i1090']);
    });
  });
}
