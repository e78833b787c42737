/** How a supervised child is restarted. */
export type BackOff = { readonly firstMs: number; readonly longestMs: number; readonly healthyAfterMs: number };

/** Doubles from a fifth of a second to ten seconds and starts anew after a minute of health. */
export const defaultBackOff: BackOff = { firstMs: 200, longestMs: 10_000, healthyAfterMs: 60_000 };

/** The pause before the next start, given how many failures in a row there were before this one. */
export function restartDelayMs(failuresBefore: number, backOff: BackOff = defaultBackOff): number {
  return Math.min(backOff.firstMs * 2 ** Math.min(failuresBefore, 30), backOff.longestMs);
}

/** Failures in a row that still count after the child was ready for this long. */
export function failuresAfter(failures: number, readyForMs: number, backOff: BackOff = defaultBackOff): number {
  return readyForMs >= backOff.healthyAfterMs ? 0 : failures;
}
