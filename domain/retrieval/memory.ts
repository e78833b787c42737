import { z } from 'zod';

/** The four kinds of long-term memory, one vector collection each. */
export const MemoryCollection = z.enum(['conversation_history', 'knowledge_base', 'skill_memory', 'skill_registry']);
export type MemoryCollection = z.infer<typeof MemoryCollection>;

/** How dear a memory is; `temporary` goes first when space runs out. */
export const MemoryPriority = z.enum(['critical', 'high', 'normal', 'temporary']);
export type MemoryPriority = z.infer<typeof MemoryPriority>;

/** What is recorded beside a memory's text. Flat scalars only: that is all the vector store keeps. Times in ms since 1970. */
export const MemoryMetadata = z.object({
  conversation: z.string().optional(),
  source: z.string(),
  createdAt: z.number(),
  lastAccess: z.number(),
  accessCount: z.number(),
  priority: MemoryPriority,
});
export type MemoryMetadata = z.infer<typeof MemoryMetadata>;

/** A memory to store. */
export type MemoryItem = {
  readonly id: string;
  readonly text: string;
  readonly vector: readonly number[];
  readonly metadata: MemoryMetadata;
};

/** Asks for the `limit` nearest memories; `contains` keeps those whose text holds one of the words (case-sensitive). */
export type MemoryQuery = {
  readonly collection: MemoryCollection;
  readonly embedder: string;
  readonly vector: readonly number[];
  readonly limit: number;
  readonly contains?: readonly string[];
};

/** A memory found, with the cosine similarity to the query. */
export type MemoryMatch = {
  readonly id: string;
  readonly collection: MemoryCollection;
  readonly text: string;
  readonly metadata: MemoryMetadata;
  readonly similarity: number;
};

/** A stored memory without its text and vector; `metadata` is undefined for what Talos did not write. */
export type MemoryEntry = { readonly id: string; readonly embedder: string; readonly metadata?: MemoryMetadata };

/** Some memories of a collection; `next` asks for those that follow, and is absent with the last ones. */
export type MemoryPage = { readonly entries: readonly MemoryEntry[]; readonly next?: string };

/** A memory's metadata after an answer used it; telling the same use twice counts once. */
export function usedAt(metadata: MemoryMetadata, at: number): MemoryMetadata {
  if (metadata.lastAccess >= at) return metadata;
  return { ...metadata, lastAccess: at, accessCount: metadata.accessCount + 1 };
}
