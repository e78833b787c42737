import { messageId, type MemoryUse, type MessageRef } from '../domain/chat.ts';
import { isErrorCode, TalosError } from '../domain/errors.ts';
import { chooseEmbedder } from '../domain/models/choose.ts';
import type { ConversationStore, Embedder, LanguageModel, Logger, TestModels, VectorStore } from '../domain/ports.ts';
import { admitMemories } from '../domain/retrieval/admit.ts';
import { assembleContext } from '../domain/retrieval/context.ts';
import { searchWords } from '../domain/retrieval/keywords.ts';
import type { MemoryCollection, MemoryMatch } from '../domain/retrieval/memory.ts';
import { rankMemories, type RankedMemory } from '../domain/retrieval/rank.ts';
import type { Patience } from './patience.ts';

type Deps = {
  conversations: ConversationStore;
  model: LanguageModel;
  embedder: Embedder;
  testModels: TestModels;
  vectors: VectorStore;
  logger: Logger;
  patience: Patience;
  now(): number;
  settings: { memoryItems: number; embeddingModel: string; ollamaAddress: string };
};

/** Memory must not make a chat wait: what has not come by then is left out. */
const recallTimeoutMs = 3000;

/** Candidates per collection and list; ranking picks from them. */
const candidates = 20;

const recalledCollections = [
  'conversation_history',
  'knowledge_base',
  'skill_memory',
] as const satisfies MemoryCollection[];

/** Long-term memory around a message: recalled before the answer, written after it. */
export function createMemoryActivities(deps: Deps) {
  // Collections that hold more than one list shows; in the others the nearest are all there is, and words find nothing new.
  const crowded = new Set<MemoryCollection>();
  return {
    /** Finds memories for a message and keeps them as its context. Without vectors or embedder it says `unavailable`. */
    recallMemories: (ref: MessageRef): Promise<MemoryUse> => deps.patience.keep(() => recall(deps, ref, crowded)),

    /** Stores an answered message as a memory. Doing it twice is the same memory. */
    async memoriseMessage(ref: MessageRef): Promise<void> {
      const record = await deps.conversations.message(ref);
      if (record?.state !== 'answered') return;
      const text = `${record.text}\n\n${record.reply ?? ''}`;
      const signal = AbortSignal.timeout(25_000);
      const embedder = await embedderName(deps, signal);
      const [vector] = await deps.embedder.embed({ model: embedder, texts: [text] }, signal);
      if (vector === undefined || vector.every((value) => value === 0)) return;
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

async function recall(deps: Deps, ref: MessageRef, crowded: Set<MemoryCollection>): Promise<MemoryUse> {
  const record = await deps.conversations.message(ref);
  if (record === undefined || deps.settings.memoryItems === 0) return { state: 'empty', count: 0 };
  try {
    const found = await findCandidates(deps, record.text, crowded);
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

async function findCandidates(deps: Deps, text: string, crowded: Set<MemoryCollection>): Promise<MemoryMatch[]> {
  const signal = AbortSignal.timeout(recallTimeoutMs);
  const embedder = await embedderName(deps, signal);
  const [vector] = await deps.embedder.embed({ model: embedder, texts: [text] }, signal);
  if (vector === undefined || vector.every((value) => value === 0)) return [];
  const contains = searchWords(text);
  const lists = await Promise.all(
    recalledCollections.map(async (collection) => {
      const near = { collection, embedder, vector, limit: candidates };
      const byWords = contains.length > 0 && crowded.has(collection) ? deps.vectors.query({ ...near, contains }) : [];
      const [nearest, worded] = await Promise.all([deps.vectors.query(near), byWords]);
      if (nearest.length === candidates) crowded.add(collection);
      return [...nearest, ...worded];
    }),
  );
  return [...new Map(lists.flat().map((match) => [`${match.collection}/${match.id}`, match])).values()];
}

async function embedderName(deps: Deps, signal: AbortSignal): Promise<string> {
  const { embeddingModel, ollamaAddress } = deps.settings;
  const choice = chooseEmbedder(await deps.model.installed(), embeddingModel, ollamaAddress);
  if (choice.kind === 'none') await deps.testModels.install(signal);
  return choice.model;
}

function isMemoryFault(thrown: unknown): thrown is TalosError {
  if (!(thrown instanceof TalosError) || !isErrorCode(thrown.code)) return false;
  return thrown.code === 'VECTORS_UNAVAILABLE' || thrown.code.startsWith('MODEL_');
}
