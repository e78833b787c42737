import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { type CriticalHit, recordHit } from '../../../../domain/lockdown/hold.ts';

describe('recording a critical hit', () => {
  it('holds exactly when the last three lie within ten minutes', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 3_000_000 }), { maxLength: 30 }), (hits) => {
        let latest: readonly CriticalHit[] = [];
        let sinceHold: number[] = [];
        for (const [index, at] of hits.entries()) {
          sinceHold.push(at);
          const last = sinceHold.slice(-3);
          const isHeld = last.length === 3 && Math.max(...last) - Math.min(...last) <= 600_000;
          const result = recordHit(latest, { key: `k${index}`, at });
          expect(result.until).toBe(isHeld ? at + 3_600_000 : undefined);
          if (isHeld) sinceHold = [];
          latest = result.hits;
          expect(latest.length).toBeLessThanOrEqual(3);
        }
      }),
    );
  });
});
