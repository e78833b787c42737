import { messageId, type MessageRecord, type MessageRef } from '../domain/chat.ts';
import { TalosError } from '../domain/errors.ts';
import { chooseEmbedder } from '../domain/models/choose.ts';
import type { Embedder, LanguageModel, TestModels, VectorStore } from '../domain/ports.ts';
import { searchWords } from '../domain/retrieval/keywords.ts';
import type { MemoryCollection, MemoryMatch } from '../domain/retrieval/memory.ts';

type Deps = {
  model: LanguageModel;
  embedder: Embedder;
  testModels: TestModels;
  vectors: VectorStore;
  settings: { memoryItems: number; embeddingModel: string };
};

/** Memory must not make a chat wait: what has not come by then is left out. */
const recallTimeoutMs = 3000;

/** Candidates per collection and list; ranking picks from them. */
const candidates = 20;

/** Searches begun ahead and never asked for, as when a message is stopped, are dropped beyond this number, the oldest first. */
const mostAhead = 64;

const recalledCollections = [
  'conversation_history',
  'knowledge_base',
  'skill_memory',
] as const satisfies MemoryCollection[];

/** Looks for memories of messages. */
export type MemorySearch = {
  /** Begins the search for a message whose next step will ask for it, so that it runs while that step is scheduled. */
  begin(record: MessageRecord): void;
  /** What may fit the message, unranked; from the search begun ahead in this process where there is one. */
  find(record: MessageRecord): Promise<MemoryMatch[]>;
  /** Name and unit vector of a text; no vector for a text without meaning. */
  embed(text: string, signal: AbortSignal): Promise<{ embedder: string; vector?: number[] }>;
};

/** One for each worker process. */
export function createMemorySearch(deps: Deps): MemorySearch {
  const ahead = new Map<string, Promise<MemoryMatch[]>>();

  return {
    begin(record) {
      if (deps.settings.memoryItems === 0) return;
      const [oldest] = ahead.keys();
      if (ahead.size >= mostAhead && oldest !== undefined) ahead.delete(oldest);
      const search = findInTime(deps, record.text);
      search.catch(() => undefined); // whoever takes it hears of it
      ahead.set(messageId(record), search);
    },
    find(record) {
      const begun = take(ahead, record);
      return begun ?? findInTime(deps, record.text);
    },
    embed: (text, signal) => embed(deps, text, signal),
  };
}

function take(ahead: Map<string, Promise<MemoryMatch[]>>, ref: MessageRef): Promise<MemoryMatch[]> | undefined {
  const begun = ahead.get(messageId(ref));
  ahead.delete(messageId(ref));
  return begun;
}

/** The search as a whole, for each engine it asks may take the question and never answer. */
async function findInTime(deps: Deps, text: string): Promise<MemoryMatch[]> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(new TalosError('VECTORS_UNAVAILABLE', 'The search for memories took too long; check `talos doctor`.'));
  }, recallTimeoutMs);
  try {
    return await Promise.race([findCandidates(deps, text), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

async function findCandidates(deps: Deps, text: string): Promise<MemoryMatch[]> {
  const { embedder, vector } = await embed(deps, text, AbortSignal.timeout(recallTimeoutMs));
  if (vector === undefined) return [];
  const words = searchWords(text);
  const lists = await Promise.all(
    recalledCollections.map(async (collection) => {
      const near = { collection, embedder, vector, limit: candidates };
      const nearest = await deps.vectors.query(near);
      // In a small collection the nearest are all there is, and words that are among them need not be looked for.
      const contains = words.filter((word) => !nearest.some((memory) => memory.text.includes(word)));
      if (nearest.length < candidates || contains.length === 0) return nearest;
      return [...nearest, ...(await deps.vectors.query({ ...near, contains }))];
    }),
  );
  return [...new Map(lists.flat().map((match) => [`${match.collection}/${match.id}`, match])).values()];
}

async function embed(deps: Deps, text: string, signal: AbortSignal): Promise<{ embedder: string; vector?: number[] }> {
  const embedder = await embedderName(deps, signal);
  const [vector] = await deps.embedder.embed({ model: embedder, texts: [text] }, signal);
  return vector === undefined || vector.every((value) => value === 0) ? { embedder } : { embedder, vector };
}

async function embedderName(deps: Deps, signal: AbortSignal): Promise<string> {
  const { embeddingModel } = deps.settings;
  const choice = chooseEmbedder(await deps.model.installed(), embeddingModel);
  if (choice.kind === 'none') await deps.testModels.install(signal);
  return choice.model;
}
