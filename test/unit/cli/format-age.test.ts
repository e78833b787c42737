import { describe, expect, it } from 'vitest';

import { formatAge } from '../../../cli/format-age.ts';

describe('an age', () => {
  it.each([
    [-5, '0 s'],
    [59_999, '59 s'],
    [61_000, '1 min 1 s'],
    [3_661_000, '1 h 1 min'],
    [90_000_000, '1 d 1 h'],
  ])('of %i ms reads %s', (ms, text) => {
    expect(formatAge(ms)).toBe(text);
  });
});
