import { messageId, type MemoryUse, type MessageRef } from '../domain/chat.ts';
import { isErrorCode, TalosError } from '../domain/errors.ts';
import type { ConversationStore, Logger, VectorStore } from '../domain/ports.ts';
import { admitMemories } from '../domain/retrieval/admit.ts';
import { assembleContext } from '../domain/retrieval/context.ts';
import type { MemoryMatch } from '../domain/retrieval/memory.ts';
import { rankMemories, type RankedMemory } from '../domain/retrieval/rank.ts';
import type { MemorySearch } from './memory-search.ts';
import type { Patience } from './patience.ts';

type Deps = {
  conversations: ConversationStore;
  search: MemorySearch;
  vectors: VectorStore;
  logger: Logger;
  patience: Patience;
  now(): number;
  settings: { memoryItems: number };
};

/** Long-term memory around a message: recalled before the answer, written after it. */
export function createMemoryActivities(deps: Deps) {
  return {
    /** Finds memories for a message and keeps them as its context. Without vectors or embedder it says `unavailable`. */
    recallMemories: (ref: MessageRef): Promise<MemoryUse> => deps.patience.keep(() => recall(deps, ref)),

    /** Stores an answered message as a memory. Doing it twice is the same memory. */
    async memoriseMessage(ref: MessageRef): Promise<void> {
      const record = await deps.conversations.message(ref);
      if (record?.state !== 'answered') return;
      const text = `${record.text}\n\n${record.reply ?? ''}`;
      const { embedder, vector } = await deps.search.embed(text, AbortSignal.timeout(25_000));
      if (vector === undefined) return;
      const at = record.createdAt;
      await deps.vectors.upsert('conversation_history', embedder, [
        {
          id: messageId(ref),
          text,
          vector,
          metadata: {
            conversation: ref.conversation,
            source: 'message',
            createdAt: at,
            lastAccess: at,
            accessCount: 1,
            priority: 'normal',
          },
        },
      ]);
    },
  };
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
