import { describe, expect, it } from 'vitest';

import { lastDue, lateReport } from '../../../cli/last-due.ts';

const at = (day: number, hour: number, minute = 0) => new Date(2026, 10, day, hour, minute).getTime();
const four = { hour: 4, minute: 0 };

describe('the last due time', () => {
  it.each([
    [at(26, 4), at(26, 4)],
    [at(26, 3, 59), at(25, 4)],
    [at(26, 23), at(26, 4)],
  ])('before %d is %d', (now, expected) => {
    expect(lastDue(four, now)).toBe(expected);
  });
});

describe('a report that should be there', () => {
  const late = (newest: number | undefined, now: number) =>
    lateReport(newest, { due: at(26, 4), now, longestMs: 35 * 60_000, since: at(1, 0) });

  it('is not missed while the run may still go on', () => {
    expect(late(at(25, 4, 1), at(26, 4, 34))).toBeUndefined();
    expect(late(at(25, 4, 1), at(26, 4, 36))).toContain('36 min 0 s ago');
  });

  it('is not missed when it is there, and is when there is none at all', () => {
    expect(late(at(26, 4, 1), at(26, 9))).toBeUndefined();
    expect(late(undefined, at(26, 9))).toContain('5 h 0 min ago');
  });

  it('is not missed by a home that was made after it', () => {
    const made = { due: at(26, 4), now: at(26, 9), longestMs: 35 * 60_000, since: at(26, 8) };
    expect(lateReport(undefined, made)).toBeUndefined();
  });
});
