import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { readCron } from '../../../../domain/skills/cron.ts';

const times = (line: string) => {
  const read = readCron(line);
  if (!read.ok) throw new Error(read.reason);
  const { minutes, hours, days, months, weekdays } = read.times;
  return { minutes: [...minutes], hours: [...hours], days: [...days], months: [...months], weekdays: [...weekdays] };
};

describe('a cron line', () => {
  it.each<[string, Partial<ReturnType<typeof times>>]>([
    ['0 8 * * *', { minutes: [0], hours: [8] }],
    ['*/15 * * * *', { minutes: [0, 15, 30, 45] }],
    ['5/20 * * * *', { minutes: [5, 25, 45] }],
    ['0 9-17/4 * * *', { hours: [9, 13, 17] }],
    ['0,30 8 * * *', { minutes: [0, 30] }],
    ['0 8 * jan-mar *', { months: [1, 2, 3] }],
    ['0 8 * DEC *', { months: [12] }],
    ['0 8 * * mon-fri', { weekdays: [1, 2, 3, 4, 5] }],
    ['0 8 * * 7', { weekdays: [0] }],
    ['0 8 * * 5-7', { weekdays: [5, 6, 0] }],
    ['0 8 * * */2', { weekdays: [0, 2, 4, 6] }],
    ['0 0 29 2 *', { days: [29], months: [2] }],
    ['  0   8 * * * ', { hours: [8] }],
  ])('%s is taken', (line, expected) => {
    expect(times(line)).toMatchObject(expected);
  });

  it.each([
    ['', 'five fields'],
    ['0 8 * *', 'five fields'],
    ['0 0 8 * * *', 'five fields'],
    ['@daily', 'five fields'],
    ['60 8 * * *', 'minute: "60" is not from 0 to 59'],
    ['0 24 * * *', 'hour: "24" is not from 0 to 23'],
    ['0 8 0 * *', 'day of the month: "0" is not from 1 to 31'],
    ['0 8 * 13 *', 'month: "13" is not from 1 to 12'],
    ['0 8 * * 8', 'day of the week: "8" is not from 0 to 7'],
    ['0 8 * * fri-mon', 'runs backwards'],
    ['0 17-9 * * *', 'runs backwards'],
    ['*/0 * * * *', 'step of 0'],
    ['0 8 L * *', 'day of the month: "L" is not'],
    ['0 8 ? * *', 'no value, range or step'],
    ['a b c d e', 'minute: "a"'],
    ['1-2-3 * * * *', 'no value, range or step'],
    ['0, 8 * * *', 'minute: ""'],
    ['-1 8 * * *', 'no value, range or step'],
    ['0 8 jan * *', 'day of the month: "jan"'],
    ['0 8 1 * mon', 'not both'],
    ['0 8 30 2 *', 'would never come due'],
    ['0 8 31 4,6,9,11 *', 'would never come due'],
    ['TZ=UTC 8 * * *', 'no value, range or step'],
  ])('such as %j is refused and told why', (line, reason) => {
    const read = readCron(line);
    expect(read).toMatchObject({ ok: false, reason: expect.stringContaining(reason) });
  });

  it('that is wrong in a field is told an example', () => {
    expect(readCron('x 8 * * *')).toMatchObject({
      reason: expect.stringContaining('"0 8 * * *" is every day at 8:00'),
    });
  });

  it('is read or refused whatever it is, and never names a value out of bounds', () => {
    const signs = fc.stringMatching(/^[0-9*,/ -]{0,30}$/);
    fc.assert(
      fc.property(fc.oneof(fc.string(), signs), (line) => {
        const read = readCron(line);
        if (!read.ok) return;
        const { minutes, hours, days, months, weekdays } = read.times;
        const within = (values: ReadonlySet<number>, min: number, max: number) => {
          expect(values.size).toBeGreaterThan(0);
          for (const value of values) expect(value >= min && value <= max).toBe(true);
        };
        within(minutes, 0, 59);
        within(hours, 0, 23);
        within(days, 1, 31);
        within(months, 1, 12);
        within(weekdays, 0, 6);
      }),
    );
  });
});
