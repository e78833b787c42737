import { messageId, type MemoryUse, type MessageRecord, type MessageRef } from '../domain/chat.ts';
import { isErrorCode, TalosError } from '../domain/errors.ts';
import type { ConversationStore, Logger, VectorStore } from '../domain/ports.ts';
import { admitMemories } from '../domain/retrieval/admit.ts';
import { assembleContext, type ContextMemory, parseContext } from '../domain/retrieval/context.ts';
import type { MemoryItem, MemoryMatch } from '../domain/retrieval/memory.ts';
import { rankMemories, type RankedMemory } from '../domain/retrieval/rank.ts';
import type { MemoryRoom } from './memory-room.ts';
import type { MemorySearch } from './memory-search.ts';
import type { Patience } from './patience.ts';

type Deps = {
  conversations: ConversationStore;
  search: MemorySearch;
  vectors: VectorStore;
  room: MemoryRoom;
  logger: Logger;
  patience: Patience;
  now(): number;
  settings: { memoryItems: number; maxVectors: number };
};

/** Long-term memory around a message: recalled before the answer, written after it. */
export function createMemoryActivities(deps: Deps) {
  return {
    /** Finds memories for a message and keeps them as its context. Without vectors or embedder it says `unavailable`. */
    recallMemories: (ref: MessageRef): Promise<MemoryUse> => deps.patience.keep(() => recall(deps, ref)),

    /** Stores an answered message as a memory and counts the use of those it was answered with. Doing it twice is the same. */
    async memoriseMessage(ref: MessageRef): Promise<void> {
      const record = await deps.conversations.message(ref);
      if (record?.state !== 'answered') return;
      const text = `${record.text}\n\n${record.reply ?? ''}`;
      const { embedder, vector } = await deps.search.embed(text, AbortSignal.timeout(25_000));
      await countUses(deps, ref, { embedder, at: record.finishedAt ?? record.createdAt });
      if (vector !== undefined) await keep(deps, embedder, memoryOf(record, text, vector));
    },
  };
}

function memoryOf(record: MessageRecord, text: string, vector: number[]): MemoryItem {
  const { conversation, createdAt } = record;
  const uses = { createdAt, lastAccess: createdAt, accessCount: 1 };
  const metadata = { conversation, source: 'message', ...uses, priority: 'normal' } as const;
  return { id: messageId(record), text, vector, metadata };
}

/** Beyond the ceiling nothing is kept: the answer was given all the same. */
async function keep({ vectors, room, logger, settings }: Deps, embedder: string, item: MemoryItem): Promise<void> {
  const isKept = await room.take(1, {
    write: () => vectors.upsert('conversation_history', embedder, [item]),
    undo: () => vectors.delete('conversation_history', embedder, [item.id]),
  });
  const { maxVectors: ceiling } = settings;
  if (!isKept) logger.warn({ correlationId: item.id, ceiling }, 'memory is full: the message was not memorised');
}

/** What an answer was made with is worth keeping. */
async function countUses(
  { conversations, vectors }: Deps,
  ref: MessageRef,
  { embedder, at }: { embedder: string; at: number },
): Promise<void> {
  const context = await conversations.context(ref);
  if (context === undefined) return;
  const byCollection = Map.groupBy(parseContext(context), ({ collection }) => collection);
  for (const [collection, used] of byCollection) await vectors.touch(collection, embedder, { ids: idsOf(used), at });
}

function idsOf(memories: readonly ContextMemory[]): string[] {
  return memories.map(({ id }) => id);
}

async function recall(deps: Deps, ref: MessageRef): Promise<MemoryUse> {
  const record = await deps.conversations.message(ref);
  if (record === undefined || deps.settings.memoryItems === 0) return { state: 'empty', count: 0 };
  try {
    const found = await deps.search.find(record);
    const memories = chooseMemories(deps, ref, { query: record.text, candidates: found });
    if (memories.length === 0) return { state: 'empty', count: 0 };
    await deps.conversations.saveContext(ref, assembleContext(memories));
    return { state: 'used', count: memories.length };
  } catch (thrown) {
    if (!isMemoryFault(thrown)) throw thrown;
    deps.logger.warn({ correlationId: messageId(ref), code: thrown.code }, 'answering without memory');
    return { state: 'unavailable', count: 0 };
  }
}

/** Ranks first and scans only what would be used, twice as many so that a flagged one has a substitute. */
function chooseMemories(
  deps: Deps,
  ref: MessageRef,
  { query, candidates: found }: { query: string; candidates: MemoryMatch[] },
): RankedMemory[] {
  const limit = deps.settings.memoryItems;
  const ranked = rankMemories({ query, candidates: found, now: deps.now(), limit: 2 * limit });
  const { admitted, flagged } = admitMemories(ranked);
  if (flagged > 0) deps.logger.warn({ correlationId: messageId(ref), flagged }, 'memories left out by the firewall');
  return admitted.slice(0, limit);
}

function isMemoryFault(thrown: unknown): thrown is TalosError {
  if (!(thrown instanceof TalosError) || !isErrorCode(thrown.code)) return false;
  return thrown.code === 'VECTORS_UNAVAILABLE' || thrown.code.startsWith('MODEL_');
}
