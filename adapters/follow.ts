import { TalosError } from '../domain/errors.ts';
import type { Watch } from './watch.ts';

/** A run of new items; `more` when the next read will have some without waiting. */
export type Page<T> = { readonly items: readonly T[]; readonly more: boolean };

type Source<T> = {
  readonly watch: Watch;
  readonly signal: AbortSignal;
  /** Returns what came since the last read. */
  readonly read: () => Promise<Page<T>>;
};

/**
 * Reads, yields, sleeps until woken, reads again: until the signal, or the watch closes. Once it has begun it outlives a
 * restart of the store, for the watch wakes it when the store is back.
 */
export async function* follow<T>({ watch, signal, read }: Source<T>): AsyncGenerator<T, void> {
  try {
    let page = await read();
    for (;;) {
      yield* untilAborted(page.items, signal);
      if (!page.more) await watch.next(signal);
      if (signal.aborted || !watch.isOpen) return;
      page = await readWhenThere(read);
    }
  } finally {
    watch.close();
  }
}

function* untilAborted<T>(items: readonly T[], signal: AbortSignal): Generator<T, void> {
  for (const item of items) {
    if (signal.aborted) return;
    yield item;
  }
}

async function readWhenThere<T>(read: () => Promise<Page<T>>): Promise<Page<T>> {
  try {
    return await read();
  } catch (thrown) {
    if (thrown instanceof TalosError && thrown.code === 'STORE_UNAVAILABLE') return { items: [], more: false };
    throw thrown;
  }
}
