import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { defaultBackOff, failuresAfter, restartDelayMs } from '../../../infra/back-off.ts';

describe('restart back-off', () => {
  it.each([
    [0, 200],
    [1, 400],
    [2, 800],
    [5, 6400],
    [6, 10_000],
    [1000, 10_000],
  ])('after %i failures before this one waits %i ms', (failures, delayMs) => {
    expect(restartDelayMs(failures)).toBe(delayMs);
  });

  it('never shrinks while failures grow and stays within its limits', () => {
    fc.assert(
      fc.property(fc.nat(100_000), (failures) => {
        const delayMs = restartDelayMs(failures);
        expect(delayMs).toBeGreaterThanOrEqual(defaultBackOff.firstMs);
        expect(delayMs).toBeLessThanOrEqual(defaultBackOff.longestMs);
        expect(restartDelayMs(failures + 1)).toBeGreaterThanOrEqual(delayMs);
      }),
    );
  });

  it('forgets failures after a minute of health, and not before', () => {
    expect(failuresAfter(7, 59_999)).toBe(7);
    expect(failuresAfter(7, 60_000)).toBe(0);
  });
});
