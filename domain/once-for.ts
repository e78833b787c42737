/** What may be kept: results of so many keys, made of texts of so many characters in all. */
export type Room = { readonly keys: number; readonly chars: number };

/** A key, and how much room its result takes: the characters it is made of. */
type Wanted = { readonly key: string; readonly chars: number };

/**
 * Does work once for each key, for pure work that only its key decides. Where there is no room for one more result, what nobody asked for
 * longest goes; one that would take all the room is not kept. Work that fails is done again the next time.
 */
export function onceFor<T>(room: Room): (wanted: Wanted, work: () => T) => T {
  const results = new Map<string, { readonly result: T; readonly chars: number }>();
  let left = room.chars;

  function forget(key: string): void {
    left += results.get(key)?.chars ?? 0;
    results.delete(key);
  }

  function keep(key: string, kept: { readonly result: T; readonly chars: number }): void {
    if (kept.chars > room.chars) return;
    for (const oldest of results.keys()) {
      if (results.size < room.keys && kept.chars <= left) break;
      forget(oldest);
    }
    results.set(key, kept);
    left -= kept.chars;
  }

  return ({ key, chars }, work) => {
    const known = results.get(key);
    const kept = known ?? { result: work(), chars };
    if (known !== undefined) forget(key); // it goes to the end, as asked for last
    keep(key, kept);
    return kept.result;
  };
}
