/**
 * Does work once for each key, for pure work that only its key decides. Results of up to `most` keys are kept; one more, and all of them
 * are made anew. Work that fails is done again the next time.
 */
export function onceFor<T>(most: number): (key: string, work: () => T) => T {
  const results = new Map<string, T>();
  return (key, work) => {
    const known = results.get(key);
    if (known !== undefined) return known;
    const result = work();
    if (results.size >= most) results.clear();
    results.set(key, result);
    return result;
  };
}
