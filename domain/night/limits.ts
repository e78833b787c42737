import type { Phase } from './run.ts';

/** When the nightly maintenance begins nothing new, and when it is over, counted from its begin. */
export type NightCaps = {
  readonly softMs: number;
  readonly hardMs: number;
  /** Limits of single phases in place of the usual ones; tests pass short ones. */
  readonly limits?: Partial<Record<Phase, number>>;
};

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** The longest a phase may take, with all its attempts. */
export const phaseLimits: Readonly<Record<Phase, number>> = {
  redis: 5 * minuteMs,
  memory: 8 * minuteMs,
  logs: 8 * minuteMs,
  zombies: 3 * minuteMs,
  health: 2 * minuteMs,
};

/** A run may start this much late, after a pause of the machine or a start of Talos; later it is skipped as missed. */
export const nightCatchUpMs = 3 * hourMs;

/** So long after its hard cap a run that has not told its end, because the store was away or no worker came back, counts as over. */
export const nightGraceMs = hourMs;

/**
 * How long a phase may take that begins after so much time; undefined when nothing may begin any more. It may outlast the soft cap by
 * what it needs to tell what it did, but not the hard cap.
 */
export function phaseLimitMs(
  phase: Phase,
  elapsedMs: number,
  { softMs, hardMs, limits = {} }: NightCaps,
): number | undefined {
  if (elapsedMs >= softMs) return undefined;
  return Math.min(limits[phase] ?? phaseLimits[phase], Math.max(hardMs, softMs) - elapsedMs);
}
