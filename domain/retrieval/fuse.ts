/** Damps the first ranks; the value of the paper. */
const k = 60;

/** What an id gets that is first in every one of `lists` lists. */
export function bestFusedScore(lists: number): number {
  return lists / (k + 1);
}

/**
 * Fuses several lists of scores by id, higher is better, into one score per id: the sum of 1 / (60 + rank). Reciprocal rank fusion:
 * Cormack, Clarke and Büttcher, SIGIR 2009. Equal scores share a rank; an id that a list lacks gets nothing from it.
 */
export function fuseRanks(lists: readonly ReadonlyMap<string, number>[]): Map<string, number> {
  const fused = new Map<string, number>();
  for (const scores of lists) {
    const ordered = [...scores].toSorted(([, first], [, second]) => second - first);
    let rank = 0;
    for (const [at, [id, score]] of ordered.entries()) {
      if (score !== ordered[at - 1]?.[1]) rank = at + 1;
      fused.set(id, (fused.get(id) ?? 0) + 1 / (k + rank));
    }
  }
  return fused;
}
