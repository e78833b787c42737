import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { bytesToFree, keysForRoom } from '../../../../domain/night/byte-budget.ts';

const key = (name: string, bytes: number, idleSeconds: number) => ({ key: name, bytes, idleSeconds });

describe('the byte budget', () => {
  it.each([
    [80, 100, 0],
    [81, 100, 11],
    [150, 100, 80],
    [0, 100, 0],
  ])('with %i of %i used frees %i', (used, ceiling, expected) => {
    expect(bytesToFree(used, ceiling)).toBe(expected);
  });

  it('takes the keys nobody asked for the longest, and no more than needed', () => {
    const keys = [key('new', 10, 1), key('old', 10, 100), key('older', 10, 200)];
    expect(keysForRoom(keys, 15).map((one) => one.key)).toEqual(['older', 'old']);
    expect(keysForRoom(keys, 0)).toEqual([]);
    expect(keysForRoom(keys, 1000)).toHaveLength(3);
  });

  it('makes enough room wherever there is enough, and spares every key that was asked for later', () => {
    const some = fc.uniqueArray(
      fc.record({ key: fc.string(), bytes: fc.integer({ min: 1, max: 1000 }), idleSeconds: fc.nat(1000) }),
      { selector: (one) => one.key },
    );
    fc.assert(
      fc.property(some, fc.nat(5000), (keys, bytes) => {
        const chosen = keysForRoom(keys, bytes);
        const freed = chosen.reduce((sum, one) => sum + one.bytes, 0);
        const all = keys.reduce((sum, one) => sum + one.bytes, 0);
        expect(freed).toBeGreaterThanOrEqual(Math.min(bytes, all));
        const youngest = Math.min(...chosen.map((one) => one.idleSeconds));
        for (const spared of keys.filter((one) => !chosen.includes(one))) {
          expect(spared.idleSeconds).toBeLessThanOrEqual(youngest);
        }
      }),
    );
  });
});
