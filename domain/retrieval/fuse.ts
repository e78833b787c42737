/** Damps the first ranks; the value of the paper. */
const k = 60;

/**
 * Fuses several rankings of ids, best first, into one score per id: the sum of 1 / (60 + rank). Reciprocal rank fusion:
 * Cormack, Clarke and Büttcher, SIGIR 2009. An id that a ranking lacks gets nothing from it.
 */
export function fuseRankings(rankings: readonly (readonly string[])[]): Map<string, number> {
  const scores = new Map<string, number>();
  for (const ranking of rankings) {
    for (const [at, id] of ranking.entries()) scores.set(id, (scores.get(id) ?? 0) + 1 / (k + at + 1));
  }
  return scores;
}
