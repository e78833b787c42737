import type { MemoryMetadata, MemoryPriority } from './memory.ts';

/** After so long without use a memory is worth half as much, so far as it is worth something for being recent. */
const halfLifeMs = 30 * 24 * 60 * 60 * 1000;

/** Uses after which a memory counts as used all the time; the logarithm makes the first ones count most. */
const manyUses = 100;

/** What each part contributes; together 1. */
const weights = { priority: 0.4, recency: 0.4, frequency: 0.2 } as const;

const priorityValue: Readonly<Record<MemoryPriority, number>> = { critical: 1, high: 0.8, normal: 0.5, temporary: 0.2 };

/**
 * What a memory is worth whatever is asked, from 0 to 1. Its priority comes from whoever wrote it (`priority`), its recency from when an
 * answer last used it, or else from when it was written (`lastAccess`, `createdAt`), its frequency from how many answers used it
 * (`accessCount`). Ranking and pruning go by the same value, so that what is forgotten first is what would be recalled last.
 */
export function memoryValue(metadata: MemoryMetadata, now: number): number {
  const { priority, createdAt, lastAccess, accessCount } = metadata;
  const ageMs = Math.max(0, now - Math.max(createdAt, lastAccess));
  const recency = 0.5 ** (ageMs / halfLifeMs);
  const frequency = Math.min(1, Math.log1p(Math.max(0, accessCount)) / Math.log1p(manyUses));
  return weights.priority * priorityValue[priority] + weights.recency * recency + weights.frequency * frequency;
}
