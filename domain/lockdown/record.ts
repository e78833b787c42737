import { LockdownState } from './state.ts';

/** A lockdown that holds, as it is written down. */
export type Lockdown = Extract<LockdownState, { locked: true }>;

/** Writes a lockdown down. */
export function formatLockdown({ reason, by, at }: Omit<Lockdown, 'locked'>): string {
  return JSON.stringify({ locked: true, reason, by, at });
}

/**
 * Reads a lockdown that was written down. Whatever cannot be read counts as locked, since somebody locked:
 * `place` and `at` then tell where and when.
 */
export function parseLockdown(text: string, found: { place: string; at: number }): Lockdown {
  const state = LockdownState.safeParse(parseJson(text));
  if (state.success && state.data.locked) return state.data;
  return unreadableLockdown(found);
}

/** Stands for a lockdown whose record is there but cannot be read. */
export function unreadableLockdown({ place, at }: { place: string; at: number }): Lockdown {
  return { locked: true, reason: `the record of the lockdown in ${place} cannot be read`, by: 'talos', at };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // no state: counts as locked
  }
}
