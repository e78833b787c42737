import { z } from 'zod';

import { JsonValue } from '../json.ts';
import { DueRun } from './due-run.ts';
import { SkillSchedule } from './schedule.ts';

/** A schedule as it is shown: when it is due next, and what came of the last times, newest first. Times in ms since 1970. */
export const ScheduleView = SkillSchedule.extend({
  /** Empty while it is paused. */
  next: z.array(z.int()).max(3),
  dueRuns: z.array(
    DueRun.extend({ why: z.string().optional().meta({ description: 'Why it came to nothing, in words' }) }),
  ),
  input: JsonValue.optional(),
}).meta({ id: 'ScheduleView' });
export type ScheduleView = z.infer<typeof ScheduleView>;
