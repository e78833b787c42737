import type { MemoryCollection, MemoryMetadata } from './memory.ts';
import { memoryValue } from './value.ts';

/** Why a memory is forgotten: temporary and unused for long, of something that is gone, or among the least valuable of too many. */
export type PruneReason = 'expired' | 'orphaned' | 'leastValuable';

/** A memory as pruning sees it. `reason` is set where it goes however much room there is. */
export type PrunableMemory = {
  readonly id: string;
  readonly collection: MemoryCollection;
  readonly embedder: string;
  /** From 0 to 1; undefined where it may not go for want of room. */
  readonly value?: number;
  /** When it was last used, or else written. */
  readonly usedAt?: number;
  readonly reason?: 'expired' | 'orphaned';
};

/** From this share of the ceiling on, memories go until the lower share is reached. */
const highWater = 0.9;
const lowWater = 0.8;

/** A temporary memory is kept for so long after its last use. */
const temporaryMs = 30 * 24 * 60 * 60 * 1000;

/** What was used so lately proves nothing: a clock may be wrong for a night. */
const latelyMs = 2 * 24 * 60 * 60 * 1000;

/**
 * Whether memories were in use in the month before the last two days. If none was, the clock may have leapt ahead, and then age says
 * nothing: all would be too old at once.
 */
export function wereInUse(memories: readonly PrunableMemory[], now: number): boolean {
  return memories.some(({ usedAt }) => usedAt !== undefined && now - usedAt > latelyMs && now - usedAt <= temporaryMs);
}

/** Whether a temporary memory has not been used for so long that it goes in any case. */
export function isExpired({ priority, lastAccess, createdAt }: MemoryMetadata, now: number): boolean {
  return priority === 'temporary' && now - Math.max(lastAccess, createdAt) > temporaryMs;
}

/**
 * The value of a memory for pruning, undefined for what is protected: what is critical, and the index of skills, which is no memory and
 * goes with its skills.
 */
export function pruningValue(collection: MemoryCollection, metadata: MemoryMetadata, now: number): number | undefined {
  if (metadata.priority === 'critical' || collection === 'skill_registry') return undefined;
  return memoryValue(metadata, now);
}

/** So few orphans are what a crash or two leave behind. */
const fewOrphans = 10;

/** Whether what memories are about seems to be gone because its store was lost, and not piece by piece: then they may be all that is left. */
export function looksLikeLoss({ orphaned, checked }: { orphaned: number; checked: number }): boolean {
  return orphaned > fewOrphans && orphaned > checked / 2;
}

/** What has to go, with the reason: first what goes in any case, then, when there are still too many, the least valuable. */
export function planPruning(
  memories: readonly PrunableMemory[],
  ceiling: number,
): { memory: PrunableMemory; reason: PruneReason }[] {
  const certain = memories.flatMap((memory) =>
    memory.reason === undefined ? [] : [{ memory, reason: memory.reason }],
  );
  const left = memories.length - certain.length;
  if (left < highWater * ceiling) return certain;
  const surplus = left - Math.floor(lowWater * ceiling);
  const leastValuable = memories
    .flatMap((memory) =>
      memory.reason === undefined && memory.value !== undefined ? [{ memory, value: memory.value }] : [],
    )
    .toSorted((a, b) => a.value - b.value || compareIds(a.memory, b.memory))
    .slice(0, surplus)
    .map(({ memory }) => ({ memory, reason: 'leastValuable' as const }));
  return [...certain, ...leastValuable];
}

function compareIds(a: PrunableMemory, b: PrunableMemory): number {
  if (a.id === b.id) return a.collection < b.collection ? -1 : 1;
  return a.id < b.id ? -1 : 1;
}
