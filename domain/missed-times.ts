/** What is known of the due times of a schedule, and how far it has to be known. Times in ms since 1970. */
export type DueAccount = {
  /** Until when it is known what came of every due time. */
  readonly accountedUntil: number;
  /** Times before this are not its own. */
  readonly since: number;
  /** Due times after that of which it is known. */
  readonly known: readonly number[];
  /** Up to here every due time has to have come to something. */
  readonly until: number;
};

/** A due run that starts in the last moment has this long to say so before it counts as missed. */
const slackMs = 60_000;

/** What was missed longer ago is no news any more. */
const mostBackMs = 92 * 24 * 60 * 60 * 1000;

/** Until when nothing that was due can start any more. */
export function settledUntil(now: number, catchUpMs: number): number {
  return now - catchUpMs - slackMs;
}

/** The due times of which nothing is known. `dueTimes` tells those from after one moment up to another. */
export async function missedTimes(
  { accountedUntil, since, known, until }: DueAccount,
  dueTimes: (range: { after: number; until: number }) => Promise<number[]>,
): Promise<number[]> {
  const after = Math.max(accountedUntil, since, until - mostBackMs);
  if (after >= until) return [];
  const there = new Set(known);
  return (await dueTimes({ after, until })).filter((time) => !there.has(time));
}
