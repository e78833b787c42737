import type { PhaseContext, PhaseWork } from '../../domain/night/ports.ts';
import { phaseOf, type Tally } from '../../domain/night/tally.ts';
import type { AuditLog, VectorStore } from '../../domain/ports.ts';
import { MemoryCollection, type MemoryEntry } from '../../domain/retrieval/memory.ts';
import {
  isExpired,
  looksLikeLoss,
  planPruning,
  type PrunableMemory,
  type PruneReason,
  pruningValue,
  wereInUse,
} from '../../domain/retrieval/prune.ts';
import type { FindOrphans } from './memory-orphans.ts';

type Options = {
  readonly vectors: VectorStore;
  readonly findOrphans: FindOrphans;
  readonly audit: AuditLog;
  /** Most vectors there may be. */
  readonly ceiling: number;
  readonly now: () => number;
};

type Planned = { readonly memory: PrunableMemory; readonly reason: PruneReason };

/** Read at once, and deleted at once. */
const pageSize = 1000;
const batch = 500;

/** Forgets memories that are of no more use, and the least valuable ones when there are too many. What is critical stays. */
export function createMemoryPhase(options: Options): PhaseWork {
  return phaseOf(async (context, tally) => {
    const memories = keepUnsure(await readAll(options, context, tally), options.now(), tally);
    tally.add('vectors', memories.length);
    const plan = planPruning(memories, options.ceiling);
    noteFull(memories.length - plan.length, options.ceiling, tally);
    if (plan.length === 0) return;
    context.signal.throwIfAborted();
    await announce(options, memories.length, plan);
    await forget(options, plan, { context, tally });
  });
}

async function readAll(options: Options, context: PhaseContext, tally: Tally): Promise<PrunableMemory[]> {
  const all: PrunableMemory[] = [];
  for (const collection of MemoryCollection.options) {
    const memories = await readCollection(options, collection, context);
    const orphaned = memories.filter(({ reason }) => reason === 'orphaned').length;
    if (!looksLikeLoss({ orphaned, checked: memories.length })) {
      for (const memory of memories) all.push(memory);
      continue;
    }
    tally.note(
      `${orphaned} of ${memories.length} memories in ${collection} are of messages nobody knows. ` +
        'That looks like a lost store, so they were kept; restore a backup of Redis.',
    );
    for (const memory of memories) all.push(memory.reason === 'orphaned' ? kept(memory) : memory);
  }
  return all;
}

/** Where nothing shows that the clock is right, nothing goes for its age. */
function keepUnsure(memories: PrunableMemory[], now: number, tally: Tally): PrunableMemory[] {
  const expired = memories.filter(({ reason }) => reason === 'expired').length;
  if (expired === 0 || wereInUse(memories, now)) return memories;
  tally.note(
    `${expired} temporary memories seem to be too old, but no memory was in use lately. ` +
      'They were kept for now, as the clock may be wrong; look at: date',
  );
  return memories.map((memory) => (memory.reason === 'expired' ? kept(memory) : memory));
}

function kept({ reason: _reason, ...memory }: PrunableMemory): PrunableMemory {
  return memory;
}

async function readCollection(
  { vectors, findOrphans, now }: Options,
  collection: MemoryCollection,
  context: PhaseContext,
): Promise<PrunableMemory[]> {
  const memories: PrunableMemory[] = [];
  let from: string | undefined;
  do {
    context.signal.throwIfAborted();
    const { entries, next } = await vectors.scan(collection, { limit: pageSize, from });
    const orphans = await findOrphans(collection, entries);
    for (const entry of entries) memories.push(toPrunable(entry, { collection, orphans, now: now() }));
    context.tell(`${memories.length} memories of ${collection} looked at`);
    from = next;
  } while (from !== undefined);
  return memories;
}

/** What Talos did not write is counted and otherwise left alone. */
function toPrunable(
  { id, embedder, metadata }: MemoryEntry,
  { collection, orphans, now }: { collection: MemoryCollection; orphans: ReadonlySet<string>; now: number },
): PrunableMemory {
  const memory = { id, collection, embedder };
  if (metadata === undefined) return memory;
  const value = pruningValue(collection, metadata, now);
  const usedAt = Math.max(metadata.lastAccess, metadata.createdAt);
  const valued = { ...memory, usedAt, ...(value !== undefined && { value }) };
  if (orphans.has(id)) return { ...valued, reason: 'orphaned' };
  return isExpired(metadata, now) ? { ...valued, reason: 'expired' } : valued;
}

function noteFull(left: number, ceiling: number, tally: Tally): void {
  if (left < ceiling) return;
  tally.note(
    `Memory is full: ${left} vectors of at most ${ceiling}, all of them protected. ` +
      'New ones are refused; raise CHROMADB_MAX_VECTORS or make fewer of them critical.',
  );
}

/** The log says what is about to go, so that nothing goes without a word. */
async function announce({ audit, ceiling }: Options, total: number, plan: readonly Planned[]): Promise<void> {
  const counts: Record<PruneReason, number> = { expired: 0, orphaned: 0, leastValuable: 0 };
  for (const { reason } of plan) counts[reason] += 1;
  const details = { ...counts, total, ceiling };
  await audit.append({ type: 'memory-pruned', actor: 'talos', subject: 'dream-cycle', details });
}

async function forget(
  { vectors }: Options,
  plan: readonly Planned[],
  { context, tally }: { context: PhaseContext; tally: Tally },
): Promise<void> {
  const spaces = Map.groupBy(plan, ({ memory }) => `${memory.collection}/${memory.embedder}`);
  let forgotten = 0;
  for (const inSpace of spaces.values()) {
    for (let from = 0; from < inSpace.length; from += batch) {
      context.signal.throwIfAborted();
      const part = inSpace.slice(from, from + batch);
      const [first] = part;
      if (first === undefined) continue;
      const { collection, embedder } = first.memory;
      await vectors.delete(
        collection,
        embedder,
        part.map(({ memory }) => memory.id),
      );
      for (const { reason } of part) tally.add(reason);
      forgotten += part.length;
      context.tell(`${forgotten} of ${plan.length} memories forgotten`);
    }
  }
}
