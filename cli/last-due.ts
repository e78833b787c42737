import { formatAge } from '../domain/format-age.ts';
import { formatTime } from '../domain/format-time.ts';

/** A time of day by the clock of this machine. */
export type TimeOfDay = { readonly hour: number; readonly minute: number };

const hourMs = 60 * 60 * 1000;

/** The last time the clock of this machine showed a time of day and the dream cycle was due: once a day, and not on one that lacks it. */
export function lastDue(time: TimeOfDay, now: number): number {
  for (let daysAgo = 0; ; daysAgo += 1) {
    const due = dueOn(time, now, daysAgo);
    if (due !== undefined && due <= now) return due;
  }
}

/** Undefined for a day whose clock leaves the time out; of a time that comes twice the second one counts, as in Temporal. */
function dueOn({ hour, minute }: TimeOfDay, now: number, daysAgo: number): number | undefined {
  const first = new Date(now);
  first.setDate(first.getDate() - daysAgo);
  first.setHours(hour, minute, 0, 0);
  const second = new Date(first.getTime() + hourMs);
  const found = [second, first].find((at) => at.getHours() === hour && at.getMinutes() === minute);
  return found?.getTime();
}

/** Says that the report of the last due time should be there and is not; undefined when all is as it should be, or the home is younger. */
export function lateReport(
  newest: number | undefined,
  { due, now, longestMs, since }: { due: number; now: number; longestMs: number; since: number },
): string | undefined {
  if (since > due || now < due + longestMs || (newest !== undefined && newest >= due)) return undefined;
  const when = `${formatTime(due)}, ${formatAge(now - due)} ago`;
  return `The last dream cycle was due ${when}, and there is no report of it: Talos was not running, it is paused, or it goes on. See: talos dream`;
}
