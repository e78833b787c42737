import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { formatLockdown, parseLockdown } from '../../../../domain/lockdown/record.ts';

const found = { place: '/data/lockdown.json', at: 5 };

describe('the record of a lockdown', () => {
  it('reads what it wrote', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), fc.integer(), (reason, by, at) => {
        expect(parseLockdown(formatLockdown({ reason, by, at }), found)).toEqual({ locked: true, reason, by, at });
      }),
    );
  });

  it('is locked whatever it holds', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(parseLockdown(text, found).locked).toBe(true);
      }),
    );
  });

  it('says where it could not be read, and since when', () => {
    expect(parseLockdown('{"locked":false}', found)).toEqual({
      locked: true,
      reason: 'the record of the lockdown in /data/lockdown.json cannot be read',
      by: 'talos',
      at: 5,
    });
  });
});
