import { formatAge } from '../domain/format-age.ts';
import { formatTime } from '../domain/format-time.ts';

/** A time of day by the clock of this machine. */
export type TimeOfDay = { readonly hour: number; readonly minute: number };

/** The last time the clock of this machine showed a time of day. */
export function lastDue({ hour, minute }: TimeOfDay, now: number): number {
  const due = new Date(now);
  due.setHours(hour, minute, 0, 0);
  if (due.getTime() > now) due.setDate(due.getDate() - 1);
  // The day before may have had no such hour.
  due.setHours(hour, minute, 0, 0);
  return due.getTime();
}

/** Says that the report of the last due time should be there and is not; undefined when all is as it should be, or the home is younger. */
export function lateReport(
  newest: number | undefined,
  { due, now, longestMs, since }: { due: number; now: number; longestMs: number; since: number },
): string | undefined {
  if (since > due || now < due + longestMs || (newest !== undefined && newest >= due)) return undefined;
  const when = `${formatTime(due)}, ${formatAge(now - due)} ago`;
  return `The last dream cycle was due ${when}, and there is no report of it: Talos was not running, or it goes on. See: talos dream`;
}
