import { beforeEach, describe, expect, it } from 'vitest';

import { createMemoryActivities } from '../../../activities/memory.ts';
import { createMemoryRoom } from '../../../activities/memory-room.ts';
import { createMemorySearch } from '../../../activities/memory-search.ts';
import { createPatience } from '../../../activities/patience.ts';
import { createMemoryChat } from '../../../adapters/memory/conversation-store.ts';
import { createMemoryEmbedder } from '../../../adapters/memory/embedder.ts';
import { createMemoryLanguageModel } from '../../../adapters/memory/language-model.ts';
import { createMemoryVectorStore } from '../../../adapters/memory/vector-store.ts';
import { MemoryCollection } from '../../../domain/retrieval/memory.ts';

function setUp(maxVectors: number) {
  const { conversations } = createMemoryChat();
  const vectors = createMemoryVectorStore();
  const settings = {
    memoryItems: 5,
    maxVectors,
    embeddingModel: 'talos-test-embed',
  };
  const base = { conversations, vectors, settings, now: () => 5000 };
  const search = createMemorySearch({
    ...base,
    model: createMemoryLanguageModel(),
    embedder: createMemoryEmbedder(),
    testModels: { install: async () => undefined },
  });
  const warnings: string[] = [];
  const quiet = () => undefined;
  const logger = {
    debug: quiet,
    info: quiet,
    error: quiet,
    warn: (_fields: object, text: string) => void warnings.push(text),
  };
  const patience = createPatience({ now: () => 5000, step: () => ({ id: 'step', attempt: 1 }) });
  const activities = createMemoryActivities({ ...base, search, logger, patience, room: createMemoryRoom(base) });

  async function say(key: string, text: string) {
    const ref = { conversation: 'c', key };
    await conversations.accept({ ...ref, text, createdAt: 1000 });
    await activities.recallMemories(ref);
    await conversations.settle(ref, { state: 'answered', reply: `about ${text}` }, 2000);
    return ref;
  }
  const entries = async () => {
    const pages = await Promise.all(
      MemoryCollection.options.map((collection) => vectors.scan(collection, { limit: 100 })),
    );
    return pages.flatMap((page) => page.entries);
  };
  return { activities, say, entries, warnings };
}

describe('memory after an answer', () => {
  let talos: ReturnType<typeof setUp>;
  beforeEach(() => {
    talos = setUp(3);
  });

  it('does not grow beyond its ceiling, and the log says so', async () => {
    for (const key of ['k1', 'k2', 'k3', 'k4', 'k5']) {
      await talos.activities.memoriseMessage(await talos.say(key, `the cat ${key}`));
    }
    expect(await talos.entries()).toHaveLength(3);
    expect(talos.warnings).toEqual(Array.from({ length: 2 }, () => 'memory is full: the message was not memorised'));
  });

  it('counts the use of the memories an answer was made with, once however often it is told', async () => {
    await talos.activities.memoriseMessage(await talos.say('k1', 'the bread knife is in the left drawer'));
    const second = await talos.say('k2', 'the bread knife is in the left drawer');
    await talos.activities.memoriseMessage(second);
    await talos.activities.memoriseMessage(second);
    const [first, own] = (await talos.entries()).toSorted((a, b) => (a.id < b.id ? -1 : 1));
    expect(first).toMatchObject({ id: 'c.k1', metadata: { accessCount: 2, lastAccess: 2000, createdAt: 1000 } });
    expect(own).toMatchObject({ id: 'c.k2', metadata: { accessCount: 1, lastAccess: 1000 } });
  });
});
