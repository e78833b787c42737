import { leaseMs } from './limits.ts';

/**
 * Whether the cloud is left alone. `failures` are the times of the last ones; `pauses` counts how often in a row the breaker opened;
 * `probe` names the one call that finds out whether the cloud is well again, and `since` is when it began. Times in ms since 1970.
 */
export type Breaker =
  | { readonly kind: 'closed'; readonly failures: readonly number[] }
  | { readonly kind: 'open'; readonly until: number; readonly pauses: number }
  | { readonly kind: 'half-open'; readonly probe: string; readonly since: number; readonly pauses: number };

/**
 * How a call ended, as far as the breaker is concerned. `failed`: quota, a fault of the cloud, silence, a broken stream. `answered`:
 * the cloud did its part, were it to refuse or to block. `unknown`: the call ended before anybody could tell.
 */
export type CallVerdict = 'answered' | 'failed' | 'unknown';

/**
 * So many failures within the window open the breaker. It stays open for the first pause, twice as long each time the probe fails,
 * up to the longest; a cloud that asks for more time gets it, up to the same.
 */
export const breakerRule = {
  failures: 5,
  windowMs: 5 * 60_000,
  firstPauseMs: 60_000,
  longestPauseMs: 60 * 60_000,
  /** A probe of which nothing was heard for so long has died with its process. */
  probeMs: leaseMs,
} as const;

/** The breaker before the first failure. */
export const closedBreaker: Breaker = { kind: 'closed', failures: [] };

/** Asks leave for a call; an open breaker lets one through after its pause. */
export function admit(
  breaker: Breaker,
  { call, at }: { call: string; at: number },
): { readonly breaker: Breaker; readonly isAdmitted: boolean } {
  if (breaker.kind === 'closed') return { breaker, isAdmitted: true };
  if (closedUntil(breaker, at) !== undefined) return { breaker, isAdmitted: false };
  return { breaker: { kind: 'half-open', probe: call, since: at, pauses: breaker.pauses }, isAdmitted: true };
}

/** Hears how a call ended. Only the probe's own end moves a breaker that is not closed. */
export function hear(
  breaker: Breaker,
  { call, at, verdict, retryAfterMs = 0 }: { call: string; at: number; verdict: CallVerdict; retryAfterMs?: number },
): Breaker {
  switch (breaker.kind) {
    case 'closed': {
      if (verdict !== 'failed') return breaker;
      const failures = [...breaker.failures.filter((time) => Math.abs(at - time) <= breakerRule.windowMs), at];
      return failures.length < breakerRule.failures ? { kind: 'closed', failures } : open(at, 1, retryAfterMs);
    }
    case 'open':
      return breaker;
    case 'half-open':
      if (call !== breaker.probe) return breaker;
      if (verdict === 'answered') return closedBreaker;
      if (verdict === 'unknown') return { kind: 'open', until: at, pauses: breaker.pauses };
      return open(at, breaker.pauses + 1, retryAfterMs);
  }
}

/**
 * Until when a breaker lets nothing through, or undefined when it does. A time further away than any the rules make was kept by a
 * clock that has been set back since: it counts as over.
 */
export function closedUntil(breaker: Breaker, at: number): number | undefined {
  if (breaker.kind === 'closed') return undefined;
  const isOpen = breaker.kind === 'open';
  const until = isOpen ? breaker.until : breaker.since + breakerRule.probeMs;
  const longestMs = isOpen ? breakerRule.longestPauseMs : breakerRule.probeMs;
  return until > at && until - at <= longestMs ? until : undefined;
}

function open(at: number, pauses: number, retryAfterMs: number): Breaker {
  const pauseMs = Math.max(breakerRule.firstPauseMs * 2 ** (pauses - 1), retryAfterMs);
  return { kind: 'open', until: at + Math.min(pauseMs, breakerRule.longestPauseMs), pauses };
}
