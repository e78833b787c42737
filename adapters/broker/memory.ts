import type { JsonValue } from '../../domain/json.ts';
import { chooseEmbedder } from '../../domain/models/choose.ts';
import type { Embedder, LanguageModel, VectorStore } from '../../domain/ports.ts';
import { admitMemories } from '../../domain/retrieval/admit.ts';
import type { MemoryCollection } from '../../domain/retrieval/memory.ts';
import { rankMemories } from '../../domain/retrieval/rank.ts';

/** What skills may search; what the skills themselves are is none of it. */
const searched = ['conversation_history', 'knowledge_base'] as const satisfies MemoryCollection[];

type Options = {
  readonly model: LanguageModel;
  readonly embedder: Embedder;
  readonly vectors: VectorStore;
  readonly embeddingModel: string;
  readonly now: () => number;
};

/** The search behind `ctx.memory`: the best matches as `{ text, similarity, createdAt }`, without those the firewall flags. */
export function createMemoryPower({ model, embedder, vectors, now, ...names }: Options) {
  return async ({ query, limit }: { query: string; limit: number }, signal: AbortSignal): Promise<JsonValue> => {
    const choice = chooseEmbedder(await model.installed(), names.embeddingModel);
    if (choice.kind === 'none') return [];
    const [vector] = await embedder.embed({ model: choice.model, texts: [query] }, signal);
    if (vector === undefined || vector.every((value) => value === 0)) return [];
    const near = { embedder: choice.model, vector, limit: 4 * limit };
    const found = await Promise.all(searched.map((collection) => vectors.query({ ...near, collection })));
    const ranked = rankMemories({ query, candidates: found.flat(), now: now(), limit: 2 * limit });
    return admitMemories(ranked)
      .admitted.slice(0, limit)
      .map(({ text, similarity, metadata: { createdAt } }) => ({ text, similarity, createdAt }));
  };
}
