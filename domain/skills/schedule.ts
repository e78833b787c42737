import { z } from 'zod';

import type { JsonValue } from '../json.ts';
import { readCron } from './cron.ts';
import { SkillId } from './manifest.ts';
import type { RunKey } from './run.ts';

/** Names a schedule of a skill; a part of workflow ids and run keys. */
export const ScheduleName = z
  .string()
  .max(40, 'use at most 40 characters')
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'use lower-case letters and digits in groups joined by "-", such as morning')
  .meta({ id: 'ScheduleName', example: 'morning' });
export type ScheduleName = z.infer<typeof ScheduleName>;

/** The two parts that name a schedule. */
export type ScheduleRef = { readonly skill: SkillId; readonly name: ScheduleName };

/** Five fields: minute, hour, day of the month, month, day of the week. */
export const CronLine = z
  .string()
  .max(100, 'use at most 100 characters')
  .overwrite((line) => line.trim().split(/\s+/).join(' '))
  .superRefine((line, context) => {
    const read = readCron(line);
    if (!read.ok) context.addIssue({ code: 'custom', message: read.reason });
  })
  .meta({ description: 'minute hour day month weekday', example: '0 8 * * *' });

/** A time zone by its IANA name. */
export const TimeZone = z
  .string()
  .max(64)
  .regex(/^[A-Za-z][\w+-]*(\/[\w+-]+)*$/, 'must be a name such as Europe/Berlin')
  .refine(isTimeZone, 'no such time zone is known; use a name such as Europe/Berlin')
  .meta({ description: 'IANA name; left out, the zone of this machine', example: 'Europe/Berlin' });

/** The longest interval is a year. */
export const EveryMinutes = z
  .int('must be a whole number of minutes')
  .min(1, 'must be 1 minute or more')
  .max(525_600, 'must be a year or less')
  .meta({ description: 'Counted from 1970 in UTC: 30 is on each full and half hour', example: 30 });

/** When a schedule is due: by the clock of a time zone, or again and again after so many minutes. */
export const ScheduleWhen = z
  .union([z.strictObject({ cron: CronLine, zone: TimeZone }), z.strictObject({ everyMinutes: EveryMinutes })])
  .meta({ id: 'ScheduleWhen' });
export type ScheduleWhen = z.infer<typeof ScheduleWhen>;

/** A schedule without its input, which is kept apart. Times in ms since 1970. */
export const SkillSchedule = z
  .strictObject({
    skill: SkillId,
    name: ScheduleName,
    when: ScheduleWhen,
    note: z
      .string()
      .trim()
      .max(200)
      .regex(/^\P{Cc}*$/u, 'must be one line of text')
      .optional(),
    /** SHA-256 of the canonical JSON of the input. */
    inputHash: z.string(),
    paused: z.boolean(),
    createdAt: z.int(),
    /** Times before this are not its own: it was made, changed or resumed then. */
    since: z.int(),
  })
  .meta({ id: 'SkillSchedule' });
export type SkillSchedule = z.infer<typeof SkillSchedule>;

/** A schedule with what it hands to the skill. */
export type KeptSchedule = SkillSchedule & { readonly input: JsonValue };

/** A due run may start this much late, after a pause of the machine or a start of Talos; later it is skipped as missed. */
export const catchUpMs = 10 * 60 * 1000;

/** So many schedules there may be in all. */
export const mostSchedules = 500;

/** Joins the parts of a schedule id; neither part can hold the dot. */
export function scheduleId({ skill, name }: ScheduleRef): string {
  return `${skill}.${name}`;
}

/** The key of the run due at a moment: the same schedule and second is the same run. */
export function dueRunKey(name: ScheduleName, dueAt: number): RunKey {
  const second = new Date(dueAt).toISOString().slice(0, 19).replaceAll(/[-:]/g, '');
  return `${name}-${second}Z`;
}

/** What the signs of a cron line are called in a name. */
const signWords: ReadonlyMap<string, string> = new Map([
  ['*', 'x'],
  [',', 'and'],
  ['-', 'to'],
  ['/', 'per'],
  [' ', '-'],
]);

/** A name for a schedule that was given none: the same times give the same name, other times another one. */
export function nameByTimes(when: ScheduleWhen): string {
  if ('everyMinutes' in when) return `every-${when.everyMinutes}-min`;
  return `at-${when.cron.toLowerCase().replaceAll(/[*,\-/ ]/g, (sign) => signWords.get(sign) ?? '')}`;
}

/** When a schedule is due, in a few words. */
export function describeWhen(when: ScheduleWhen): string {
  return 'cron' in when ? `${when.cron} ${when.zone}` : `every ${when.everyMinutes} min`;
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false; // that is how a zone is told to be unknown
  }
}
