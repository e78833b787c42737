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

/** Clocks of two machines may be so far apart; what is accounted for beyond that was told while a clock was ahead. */
const skewMs = 5 * 60 * 1000;

/** Whether an account is of a time that is still to come, as after a clock was ahead. */
export function isAhead(accountedUntil: number, now: number): boolean {
  return accountedUntil > now + skewMs;
}

/** The next due time is looked for within this. */
const lookAheadMs = 3 * 24 * 60 * 60 * 1000;

/** No rule makes times that are closer together, so that nothing can lie between now and one that is as near. */
const leastMs = 60_000;

/**
 * Whether due times pass unheard. Temporal goes by the latest time its clock has ever shown: when that was ahead, it lets pass all that is
 * due until then, without a word. The schedule has to be made anew then.
 */
export async function lapses(
  { paused, next }: { readonly paused: boolean; readonly next: readonly number[] },
  now: number,
  dueTimes: (range: { after: number; until: number }) => Promise<number[]>,
): Promise<boolean> {
  const [soonest] = next;
  if (paused || soonest === undefined || soonest - now <= leastMs) return false;
  const [due = soonest] = await dueTimes({ after: now, until: Math.min(soonest, now + lookAheadMs) });
  return due < soonest;
}
