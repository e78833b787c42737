import { toTalosError } from '../domain/errors.ts';
import type { Unreadable } from '../domain/skills/unreadable.ts';

/** Reads every field of a hash of Redis; one that cannot be read keeps no other from it. */
export function readAll<Item>(
  fields: Readonly<Record<string, string>>,
  read: (id: string, json: string) => Item,
): { items: Item[]; unreadable: Unreadable[] } {
  const items: Item[] = [];
  const unreadable: Unreadable[] = [];
  for (const [id, json] of Object.entries(fields)) {
    try {
      items.push(read(id, json));
    } catch (thrown) {
      unreadable.push({ id, problem: toTalosError(thrown).message });
    }
  }
  return { items, unreadable: unreadable.toSorted((a, b) => (a.id < b.id ? -1 : 1)) };
}
