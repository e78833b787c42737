import { randomUUID } from 'node:crypto';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { ScheduleClock } from '../../domain/skills/ports.ts';
import type { ScheduleWhen, SkillSchedule } from '../../domain/skills/schedule.ts';

const noon = Date.UTC(2026, 10, 21, 12);
const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

/** What everything that makes schedules come due does. */
export function describeScheduleClock(name: string, create: () => ScheduleClock) {
  describe(name, () => {
    let clock: ScheduleClock;
    let schedule: SkillSchedule;
    beforeEach(() => {
      clock = create();
      schedule = {
        skill: `skill-${randomUUID().slice(0, 8)}`,
        name: 'morning',
        when: { cron: '0 8 * * *', zone: 'UTC' },
        inputHash: 'a'.repeat(64),
        paused: false,
        createdAt: 1,
        since: 1,
      };
    });
    afterEach(() => clock.remove(schedule));

    const timesOf = async (when: ScheduleWhen, range: { after: number; until: number }) => {
      await clock.set({ ...schedule, when });
      return (await clock.dueTimes(schedule, range)).map((time) => new Date(time).toISOString());
    };

    it('tells the next three times of a schedule it keeps', async () => {
      await clock.set(schedule);
      const timing = await clock.timing(schedule);
      expect(timing).toMatchObject({
        paused: false,
        next: [expect.any(Number), expect.any(Number), expect.any(Number)],
      });
      const [first = 0, second = 0, third = 0] = timing?.next ?? [];
      expect(first).toBeGreaterThan(Date.now());
      expect([first % dayMs, second - first, third - second]).toEqual([8 * 60 * minuteMs, dayMs, dayMs]);
    });

    it('knows nothing of a schedule it was not told of, or that was removed', async () => {
      expect(await clock.timing(schedule)).toBeUndefined();
      await clock.set(schedule);
      await clock.remove(schedule);
      await clock.remove(schedule);
      expect(await clock.timing(schedule)).toBeUndefined();
    });

    it('is told the same twice, and changes by the same name', async () => {
      await clock.set(schedule);
      await clock.set(schedule);
      await clock.set({ ...schedule, when: { everyMinutes: 7 }, paused: true });
      expect(await clock.timing(schedule)).toMatchObject({ paused: true });
      await clock.set({ ...schedule, when: { everyMinutes: 7 } });
      const { paused, next: [first = 0, second = 0] = [] } = (await clock.timing(schedule)) ?? {};
      expect({ paused, step: second - first }).toEqual({ paused: false, step: 7 * minuteMs });
    });

    it('tells every due time after one moment up to another', async () => {
      const range = { after: noon, until: noon + 60 * minuteMs };
      expect(await timesOf({ everyMinutes: 30 }, range)).toEqual([
        '2026-11-21T12:30:00.000Z',
        '2026-11-21T13:00:00.000Z',
      ]);
      expect(await timesOf({ cron: '0,20 12 * * *', zone: 'UTC' }, range)).toEqual(['2026-11-21T12:20:00.000Z']);
      expect(await timesOf({ cron: '0 3 * * *', zone: 'UTC' }, range)).toEqual([]);
    });

    it('tells each of them once over a long time', async () => {
      const times = await timesOf({ cron: '0 8 * * mon-fri', zone: 'UTC' }, { after: noon, until: noon + 28 * dayMs });
      expect(times).toHaveLength(20);
      expect(new Set(times).size).toBe(20);
    });

    it.each<[string, string[]]>([
      ['0 8 * * 7', ['2026-11-22', '2026-11-29', '2026-12-06']],
      ['0 8 1-31/15 * *', ['2026-12-01', '2026-12-16', '2026-12-31']],
      ['0 8 * jan sat', ['2027-01-02', '2027-01-09', '2027-01-16', '2027-01-23', '2027-01-30']],
      ['0 8 29 2 *', []],
    ])('reads %s as everybody does', async (cron, days) => {
      const range = { after: noon, until: noon + (days.length > 3 ? 80 : days.length === 0 ? 200 : 0) * dayMs };
      const until = days.length === 3 ? Date.parse(`${days[2]}T23:00:00Z`) : range.until;
      const times = await timesOf({ cron, zone: 'UTC' }, { ...range, until });
      expect(times).toEqual(days.map((day) => `${day}T08:00:00.000Z`));
    });
  });
}
