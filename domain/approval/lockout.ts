import { TalosError } from '../errors.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/**
 * After so many wrong guesses no guess is heard for a while, longer each time; a quiet week forgives everything. Counted for each
 * subject and for all together. From the start that makes four rounds in the first day: 40 guesses over all subjects, so 0.4 % at
 * most to meet one of 10,000 codes, and ten guesses a week after that. One subject alone gets half.
 */
export const lockoutRule = {
  wrongPerSubject: 5,
  wrongOverall: 10,
  lockMs: [10 * minute, hour, 6 * hour, day, 7 * day],
  quietMs: 7 * day,
} as const;

/** Wrong guesses since the last lock-out, how many lock-outs there were, until when the last one holds, and the last wrong guess. */
export type Guard = {
  readonly wrong: number;
  readonly level: number;
  readonly until: number;
  readonly last: number;
};

/** Nobody has guessed wrong. */
export const calm: Guard = { wrong: 0, level: 0, until: 0, last: 0 };

/**
 * A guard as it stands at a moment: forgiven after a quiet week. A clock that was set back does not make a lock-out longer than it
 * was meant to be, and not shorter.
 */
export function guardAt(guard: Guard, at: number): Guard {
  const until = Math.min(guard.until, at + lockMs(guard.level));
  const last = Math.min(guard.last, at);
  if (at - Math.max(until, last) > lockoutRule.quietMs) return calm;
  return { ...guard, until, last };
}

/** A wrong guess; the one that makes `most` starts a lock-out. */
export function countWrong(guard: Guard, { at, most }: { at: number; most: number }): Guard {
  const wrong = guard.wrong + 1;
  if (wrong < most) return { ...guard, wrong, last: at };
  const level = guard.level + 1;
  return { wrong: 0, level, until: at + lockMs(level), last: at };
}

/** A right guess makes up for one wrong guess, so that typing errors of the owner do not add up over months. */
export function countRight(guard: Guard): Guard {
  return { ...guard, wrong: Math.max(0, guard.wrong - 1) };
}

/** The refusal while a lock-out holds. */
export function approvalLocked(until: number, at: number): TalosError {
  return new TalosError(
    'APPROVAL_LOCKED',
    `Too many wrong approval codes; none is made or taken until ${new Date(until).toISOString()}.`,
    { details: { retryAfterSeconds: Math.max(1, Math.ceil((until - at) / 1000)) } },
  );
}

function lockMs(level: number): number {
  const { lockMs: series } = lockoutRule;
  return level === 0 ? 0 : (series[Math.min(level, series.length) - 1] ?? 0);
}
