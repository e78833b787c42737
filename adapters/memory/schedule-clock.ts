import type { ScheduleClock } from '../../domain/skills/ports.ts';
import { type CronTimes, readCron } from '../../domain/skills/cron.ts';
import { scheduleId, type ScheduleRef, type ScheduleWhen, type SkillSchedule } from '../../domain/skills/schedule.ts';

const minuteMs = 60_000;

/** So far it looks for the next times. */
const yearMs = 366 * 24 * 60 * minuteMs;

/** The clock of a test: knows when schedules are due, in UTC whatever their zone, but starts nothing. */
export function createMemoryScheduleClock(now: () => number = Date.now): ScheduleClock {
  const kept = new Map<string, SkillSchedule>();
  const find = (ref: ScheduleRef) => kept.get(scheduleId(ref));
  return {
    async set(schedule) {
      kept.set(scheduleId(schedule), structuredClone(schedule));
    },
    async remove(ref) {
      kept.delete(scheduleId(ref));
    },
    async timing(ref) {
      const schedule = find(ref);
      if (schedule === undefined) return undefined;
      const next: number[] = [];
      for (const time of timesOf(schedule.when, { after: now(), until: now() + yearMs })) {
        if (next.push(time) === 3) break;
      }
      return { paused: schedule.paused, next };
    },
    async dueTimes(ref, range) {
      const schedule = find(ref);
      return schedule === undefined ? [] : [...timesOf(schedule.when, range)];
    },
  };
}

function* timesOf(when: ScheduleWhen, { after, until }: { after: number; until: number }): Generator<number> {
  const isDue = ruleOf(when);
  for (let minute = Math.floor(after / minuteMs) + 1; minute * minuteMs <= until; minute += 1) {
    if (isDue(minute)) yield minute * minuteMs;
  }
}

/** Whether a minute since 1970 is one. */
function ruleOf(when: ScheduleWhen): (minute: number) => boolean {
  if ('everyMinutes' in when) return (minute) => minute % when.everyMinutes === 0;
  const read = readCron(when.cron);
  return read.ok ? (minute) => matches(read.times, new Date(minute * minuteMs)) : () => false;
}

function matches({ minutes, hours, days, months, weekdays }: CronTimes, at: Date): boolean {
  return (
    minutes.has(at.getUTCMinutes()) &&
    hours.has(at.getUTCHours()) &&
    days.has(at.getUTCDate()) &&
    months.has(at.getUTCMonth() + 1) &&
    weekdays.has(at.getUTCDay())
  );
}
