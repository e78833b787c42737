import { beforeEach, describe, expect, it } from 'vitest';

import { createMemoryRoom } from '../../../activities/memory-room.ts';
import { createMemoryVectorStore } from '../../../adapters/memory/vector-store.ts';
import type { VectorStore } from '../../../domain/ports.ts';
import type { MemoryCollection, MemoryItem } from '../../../domain/retrieval/memory.ts';

const metadata = { source: 'test', createdAt: 1, lastAccess: 1, accessCount: 1, priority: 'normal' } as const;
const item = (id: string): MemoryItem => ({ id, text: id, vector: [1, 0], metadata });

describe('room for memories', () => {
  let vectors: VectorStore;
  let counted = 0;
  let at = 0;
  beforeEach(() => {
    vectors = createMemoryVectorStore();
    counted = 0;
    at = 1;
  });

  const roomOf = (maxVectors: number) =>
    createMemoryRoom({
      vectors: {
        count: (collection) => {
          counted += 1;
          return vectors.count(collection);
        },
      },
      settings: { maxVectors },
      now: () => at,
    });
  const write = (id: string, collection: MemoryCollection = 'conversation_history') => ({
    write: () => vectors.upsert(collection, 'e', [item(id)]),
    undo: () => vectors.delete(collection, 'e', [id]),
  });
  const total = () => vectors.count('conversation_history');

  it('ends exactly at the ceiling, counted over all collections', async () => {
    const room = roomOf(10);
    await vectors.upsert('knowledge_base', 'e', [item('k1'), item('k2')]);
    const kept: boolean[] = [];
    for (let number = 0; number < 12; number += 1) kept.push(await room.take(1, write(`m${number}`)));
    expect(kept.filter(Boolean)).toHaveLength(8);
    expect(await total()).toBe(8);
    await vectors.delete('knowledge_base', 'e', ['k1']);
    expect(await room.take(1, write('late'))).toBe(true);
  });

  it('holds when several processes write at once', async () => {
    const rooms = [roomOf(50), roomOf(50), roomOf(50)];
    const writes = rooms.flatMap((room, place) =>
      Array.from({ length: 40 }, (_, number) => room.take(1, write(`m${place}-${number}`))),
    );
    const kept = (await Promise.all(writes)).filter(Boolean).length;
    expect(await total()).toBeLessThanOrEqual(50);
    expect(await total()).toBe(kept);
    expect(kept).toBeGreaterThan(40);
  });

  it('does not count for every write while there is much room, but from time to time', async () => {
    const room = roomOf(100_000);
    for (let number = 0; number < 20; number += 1) await room.take(1, write(`m${number}`));
    expect(counted).toBe(4);
    at += 10_000;
    await room.take(1, write('later'));
    expect(counted).toBe(8);
  });

  it('refuses more at once than there is room for, and keeps nothing of it', async () => {
    expect(await roomOf(10).take(11, write('m'))).toBe(false);
    expect(await total()).toBe(0);
  });

  it('tells the failure of a write to its caller, and goes on', async () => {
    const room = roomOf(10);
    const failing = { ...write('m'), write: () => Promise.reject(new Error('away')) };
    await expect(room.take(1, failing)).rejects.toThrow('away');
    expect(await room.take(1, write('m'))).toBe(true);
  });
});
