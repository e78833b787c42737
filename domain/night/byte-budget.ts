/** The store has too much from this share of its ceiling on, and is cleared down to the lower one. */
const highWater = 0.8;
const lowWater = 0.7;

/** A key that may go to make room. */
export type RoomKey = { readonly key: string; readonly bytes: number; readonly idleSeconds: number };

/** How many bytes have to go; 0 while there is room. */
export function bytesToFree(usedBytes: number, ceilingBytes: number): number {
  return usedBytes > highWater * ceilingBytes ? Math.ceil(usedBytes - lowWater * ceilingBytes) : 0;
}

/** The keys that make so much room, those that nobody has asked for the longest first; all there are when that is not enough. */
export function keysForRoom<Key extends RoomKey>(keys: readonly Key[], bytes: number): Key[] {
  const oldestFirst = keys.toSorted((a, b) => b.idleSeconds - a.idleSeconds || (a.key < b.key ? -1 : 1));
  let freed = 0;
  return oldestFirst.filter((key) => {
    if (freed >= bytes) return false;
    freed += key.bytes;
    return true;
  });
}
