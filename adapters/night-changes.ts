import type { NightView } from '../domain/night/run.ts';
import type { Page } from './follow.ts';

/** Reads a run, and gives it only if it has changed since the last read. */
export function nightChanges(get: () => Promise<NightView | undefined>): () => Promise<Page<NightView>> {
  let last: string | undefined;
  return async () => {
    const view = await get();
    const text = JSON.stringify(view);
    const isNew = view !== undefined && text !== last;
    last = text;
    return { items: isNew ? [view] : [], more: false };
  };
}
