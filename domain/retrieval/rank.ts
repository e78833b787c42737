import { bm25Scores } from './bm25.ts';
import { bestFusedScore, fuseRanks } from './fuse.ts';
import { keyWords } from './keywords.ts';
import type { MemoryMatch } from './memory.ts';
import { memoryValue } from './value.ts';
import { wordsOf } from './words.ts';

/** Below this cosine a memory needs words in common with the query to be let in. */
const minSimilarity = 0.55;

/** Share of the query's key words that lets a memory in whatever its cosine. */
const minSharedWords = 0.5;

/** Two texts with this share of words in common are one memory. */
const duplicateOverlap = 0.9;

/** What each part contributes; together 1. */
const weights = { fused: 0.3, similarity: 0.4, value: 0.3 } as const;

/** A memory with its place in the ranking; `score` is between 0 and 1. */
export type RankedMemory = MemoryMatch & { readonly score: number };

type Ranking = {
  readonly query: string;
  readonly candidates: readonly MemoryMatch[];
  readonly now: number;
  readonly limit: number;
};

/**
 * The memories worth showing for a query, best first: vector rank and BM25 rank fused, blended with the similarity itself and what
 * the memory is worth. Unrelated memories and near-duplicates of better ones are left out; ties go by id.
 */
export function rankMemories({ query, candidates, now, limit }: Ranking): RankedMemory[] {
  const wanted = keyWords(query);
  const related = candidates.filter((memory) => isRelated(memory, wanted));
  const relevance = fusedRelevance(query, related);
  const ranked = related
    .map((memory) => ({ ...memory, score: blend(memory, relevance.get(keyOf(memory)) ?? 0, now) }))
    .toSorted((first, second) => second.score - first.score || compareKeys(first, second));
  return withoutDuplicates(ranked, limit);
}

function isRelated(memory: MemoryMatch, wanted: readonly string[]): boolean {
  if (memory.similarity >= minSimilarity) return true;
  if (wanted.length === 0) return false;
  const words = new Set(wordsOf(memory.text));
  return wanted.filter((word) => words.has(word)).length / wanted.length >= minSharedWords;
}

/** Fused ranks by similarity and by shared words; 1 for what leads both, about half for what shares no word. */
function fusedRelevance(query: string, memories: readonly MemoryMatch[]): Map<string, number> {
  const texts = memories.map((memory) => memory.text);
  const keys = memories.map(keyOf);
  const bm25 = bm25Scores(query, texts).map((score, at): [string, number] => [keys[at] ?? '', score]);
  const byWords = new Map(bm25.filter(([, score]) => score > 0));
  const byVector = new Map(memories.map((memory) => [keyOf(memory), memory.similarity]));
  const fused = fuseRanks([byVector, byWords]);
  return new Map([...fused].map(([key, score]) => [key, score / bestFusedScore(2)]));
}

function blend(memory: MemoryMatch, fused: number, now: number): number {
  return (
    weights.fused * fused +
    weights.similarity * Math.max(0, memory.similarity) +
    weights.value * memoryValue(memory.metadata, now)
  );
}

function withoutDuplicates(ranked: readonly RankedMemory[], limit: number): RankedMemory[] {
  const kept: { memory: RankedMemory; words: Set<string> }[] = [];
  for (const memory of ranked) {
    if (kept.length >= limit) break;
    const words = new Set(wordsOf(memory.text));
    if (!kept.some((other) => overlap(other.words, words) >= duplicateOverlap)) kept.push({ memory, words });
  }
  return kept.map(({ memory }) => memory);
}

/** Jaccard overlap; two texts without words are alike. */
function overlap(first: ReadonlySet<string>, second: ReadonlySet<string>): number {
  const shared = [...first].filter((word) => second.has(word)).length;
  const all = first.size + second.size - shared;
  return all === 0 ? 1 : shared / all;
}

function keyOf(memory: MemoryMatch): string {
  return `${memory.id}/${memory.collection}`;
}

function compareKeys(first: MemoryMatch, second: MemoryMatch): number {
  const [a, b] = [keyOf(first), keyOf(second)];
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
