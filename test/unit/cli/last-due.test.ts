import { afterEach, beforeEach, describe, expect, it } from 'vitest';

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

describe('the last due time where clocks change', () => {
  const zone = process.env['TZ'];
  beforeEach(() => {
    process.env['TZ'] = 'Europe/Berlin';
  });
  afterEach(() => {
    if (zone === undefined) delete process.env['TZ'];
    else process.env['TZ'] = zone;
  });

  it.each([
    ['in spring is that of the day before where the hour does not exist', '2027-03-28T08:00Z', '2027-03-27T01:30Z'],
    ['in spring is there again the day after', '2027-03-29T08:00Z', '2027-03-29T00:30Z'],
    ['in autumn is the second one where the hour comes twice', '2027-10-31T08:00Z', '2027-10-31T01:30Z'],
    ['in autumn is not the first one', '2027-10-31T01:10Z', '2027-10-30T00:30Z'],
  ])('%s', (_what, now, expected) => {
    const due = lastDue({ hour: 2, minute: 30 }, Date.parse(now));
    expect(new Date(due).toISOString()).toBe(new Date(expected).toISOString());
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
