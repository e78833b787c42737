import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { localDay, nextLocalDay } from '../../../../domain/cloud/day.ts';

describe('the day of the budget', () => {
  let zone: string | undefined;
  beforeEach(() => {
    zone = process.env['TZ'];
  });
  afterEach(() => {
    if (zone === undefined) delete process.env['TZ'];
    else process.env['TZ'] = zone;
  });

  it.each([
    ['UTC', '2026-11-25T23:59:59.999Z', '2026-11-25', '2026-11-26T00:00:00.000Z'],
    ['UTC', '2026-11-26T00:00:00.000Z', '2026-11-26', '2026-11-27T00:00:00.000Z'],
    ['Asia/Tokyo', '2026-11-25T15:00:00.000Z', '2026-11-26', '2026-11-26T15:00:00.000Z'],
    ['America/Los_Angeles', '2026-11-26T07:59:59.000Z', '2026-11-25', '2026-11-26T08:00:00.000Z'],
    // Days of 23 and of 25 hours.
    ['Europe/Berlin', '2026-03-29T12:00:00.000Z', '2026-03-29', '2026-03-29T22:00:00.000Z'],
    ['Europe/Berlin', '2026-10-25T12:00:00.000Z', '2026-10-25', '2026-10-25T23:00:00.000Z'],
    // A day without a midnight.
    ['Africa/Cairo', '2026-04-23T12:00:00.000Z', '2026-04-23', '2026-04-23T22:00:00.000Z'],
  ])('in %s at %s is %s and ends at %s', (timeZone, moment, ...[day, end]) => {
    process.env['TZ'] = timeZone;
    const at = Date.parse(moment);
    expect(localDay(at)).toBe(day);
    expect(new Date(nextLocalDay(at)).toISOString()).toBe(end);
    expect(localDay(nextLocalDay(at))).not.toBe(day);
  });
});
