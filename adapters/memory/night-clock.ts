import { nightCatchUpMs } from '../../domain/night/limits.ts';
import type { NightClock } from '../../domain/night/ports.ts';
import type { NightWhen } from '../../domain/night/run.ts';

const dayMs = 24 * 60 * 60 * 1000;

/** The clock of a test: knows when the night is due, in UTC whatever its zone, but starts nothing. */
export function createMemoryNightClock(
  wanted: NightWhen = { hour: 4, minute: 0, zone: 'UTC' },
  now: () => number = Date.now,
): NightClock {
  let kept: NightWhen | undefined;
  const set = async (): Promise<void> => {
    kept = wanted;
  };
  return {
    wanted,
    catchUpMs: nightCatchUpMs,
    set,
    renew: set,
    timing: async () => kept && { when: kept, paused: false, next: timesOf(kept, now(), now() + 3 * dayMs) },
    dueTimes: async ({ after, until }) => (kept === undefined ? [] : timesOf(kept, after, until)),
  };
}

function timesOf({ hour, minute }: NightWhen, after: number, until: number): number[] {
  const offset = (hour * 60 + minute) * 60_000;
  const times: number[] = [];
  for (let day = Math.floor(after / dayMs); day * dayMs + offset <= until; day += 1) {
    if (day * dayMs + offset > after) times.push(day * dayMs + offset);
  }
  return times;
}
