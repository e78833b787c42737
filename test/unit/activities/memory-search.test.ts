import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { createMemorySearch } from '../../../activities/memory-search.ts';
import { createMemoryEmbedder } from '../../../adapters/memory/embedder.ts';
import { createMemoryLanguageModel } from '../../../adapters/memory/language-model.ts';
import { createMemoryVectorStore } from '../../../adapters/memory/vector-store.ts';
import type { MessageRecord } from '../../../domain/chat.ts';
import { TalosError } from '../../../domain/errors.ts';

const record: MessageRecord = {
  conversation: 'kitchen',
  key: 'k1',
  seq: 1,
  text: 'where is the bread knife',
  state: 'pending',
  createdAt: 1,
};

describe('the search for memories', () => {
  let asked = 0;
  let isAway = false;
  beforeEach(() => {
    asked = 0;
    isAway = false;
  });

  afterEach(() => void vi.useRealTimers());

  function createSearch({ memoryItems = 5, model = createMemoryLanguageModel() } = {}) {
    const vectors = createMemoryVectorStore();
    return createMemorySearch({
      model,
      embedder: createMemoryEmbedder(),
      testModels: { install: async () => undefined },
      vectors: {
        ...vectors,
        query: async (query) => {
          asked += 1;
          if (isAway) throw new TalosError('VECTORS_UNAVAILABLE', 'away');
          return vectors.query(query);
        },
      },
      settings: { memoryItems, embeddingModel: 'talos-test-embed' },
    });
  }

  it('that was begun ahead is the one that is found', async () => {
    const search = createSearch();
    search.begin(record);
    await search.find(record);
    const once = asked;
    expect(once).toBeGreaterThan(0);
    await search.find(record);
    expect(asked).toBe(2 * once);
  });

  it('is still begun ahead after many that nobody asked for, as those of messages that were stopped', async () => {
    const search = createSearch();
    for (let stopped = 0; stopped < 100; stopped += 1) search.begin({ ...record, key: `stopped-${stopped}` });
    isAway = true;
    search.begin(record);
    await expect(search.find(record)).rejects.toMatchObject({ code: 'VECTORS_UNAVAILABLE' });
    isAway = false;
    await expect(search.find({ ...record, key: 'stopped-0' })).resolves.toEqual([]);
  });

  it('tells a failure of the one begun ahead to whoever asks, and then tries again', async () => {
    const search = createSearch();
    isAway = true;
    search.begin(record);
    await expect(search.find(record)).rejects.toMatchObject({ code: 'VECTORS_UNAVAILABLE' });
    isAway = false;
    await expect(search.find(record)).resolves.toEqual([]);
  });

  it('does not wait for a server that takes the question and never answers', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const model = { ...createMemoryLanguageModel(), installed: () => new Promise<never>(() => undefined) };
    const found = expect(createSearch({ model }).find(record)).rejects.toMatchObject({ code: 'VECTORS_UNAVAILABLE' });
    await vi.advanceTimersByTimeAsync(3000);
    await found;
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is not begun for messages that want no memories', async () => {
    createSearch({ memoryItems: 0 }).begin(record);
    await new Promise(setImmediate);
    expect(asked).toBe(0);
  });
});
