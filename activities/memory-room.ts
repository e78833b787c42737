import type { VectorStore } from '../domain/ports.ts';
import { MemoryCollection } from '../domain/retrieval/memory.ts';

/** Lets vectors in as long as there is room below the ceiling. */
export type MemoryRoom = {
  /** Writes so many new vectors, and undoes it when another process took the last places; false when there was no room. */
  take(count: number, work: { write(): Promise<void>; undo(): Promise<void> }): Promise<boolean>;
};

type Deps = {
  readonly vectors: Pick<VectorStore, 'count'>;
  readonly settings: { readonly maxVectors: number };
  now(): number;
};

/** So long a count is relied upon while there is much room. */
const countForMs = 10_000;

/** With less room than this every write counts, and writes go one after the other; far more than all workers write meanwhile. */
const narrow = 2000;

/** One for each worker process. Other processes write too, so near the ceiling each write looks before and after. */
export function createMemoryRoom(deps: Deps): MemoryRoom {
  const ceiling = deps.settings.maxVectors;
  let counted: { at: number; total: number } | undefined;
  let turn: Promise<unknown> = Promise.resolve();

  async function count(): Promise<number> {
    const at = deps.now();
    const counts = await Promise.all(MemoryCollection.options.map((collection) => deps.vectors.count(collection)));
    const total = counts.reduce((sum, one) => sum + one, 0);
    counted = { at, total };
    return total;
  }

  async function roughly(): Promise<number> {
    const age = counted === undefined ? Infinity : deps.now() - counted.at;
    return counted === undefined || age < 0 || age >= countForMs ? await count() : counted.total;
  }

  async function takeNarrowly(more: number, work: Parameters<MemoryRoom['take']>[1]): Promise<boolean> {
    if ((await count()) + more > ceiling) return false;
    await work.write();
    if ((await count()) <= ceiling) return true;
    await work.undo();
    return false;
  }

  return {
    async take(more, work) {
      if ((await roughly()) + more <= ceiling - narrow) {
        if (counted !== undefined) counted.total += more;
        await work.write();
        return true;
      }
      const done = turn.then(() => takeNarrowly(more, work));
      turn = done.catch(() => undefined); // told to who asked for it
      return done;
    },
  };
}
