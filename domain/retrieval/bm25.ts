import { wordsOf } from './words.ts';

/** How soon repetition of a word stops counting, and how much a long text is held back. */
const k1 = 1.2;
const b = 0.75;

/**
 * The BM25 score of each text for a query, 0 where they share no word. Formula: Robertson and Zaragoza, "The Probabilistic
 * Relevance Framework: BM25 and Beyond" (2009), §3; the idf is kept positive as ln(1 + (N - n + 0.5) / (n + 0.5)).
 */
export function bm25Scores(query: string, texts: readonly string[]): number[] {
  const documents = texts.map(countWords);
  const total = documents.reduce((sum, document) => sum + document.length, 0);
  const averageLength = total / Math.max(1, documents.length) || 1;
  const weights = [...new Set(wordsOf(query))].map((word) => ({ word, idf: idf(word, documents) }));
  return documents.map(({ counts, length }) =>
    weights.reduce((score, { word, idf: weight }) => {
      const count = counts.get(word) ?? 0;
      return score + (weight * count * (k1 + 1)) / (count + k1 * (1 - b + (b * length) / averageLength));
    }, 0),
  );
}

type WordCounts = { readonly counts: ReadonlyMap<string, number>; readonly length: number };

function countWords(text: string): WordCounts {
  const words = wordsOf(text);
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return { counts, length: words.length };
}

function idf(word: string, documents: readonly WordCounts[]): number {
  const holding = documents.filter(({ counts }) => counts.has(word)).length;
  return Math.log(1 + (documents.length - holding + 0.5) / (holding + 0.5));
}
