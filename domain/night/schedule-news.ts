import { type DueRun, shownDueRuns, whyDueRun } from '../skills/due-run.ts';
import type { SkillSchedules } from '../skills/ports.ts';
import type { SkillSchedule } from '../skills/schedule.ts';
import type { ScheduleNews } from './report.ts';

/**
 * What came of the due times of all schedules since a moment, by when that was known; a schedule without any is left out.
 */
export async function scheduleNews(
  schedules: Pick<SkillSchedules, 'list' | 'dueRuns'>,
  since: number,
): Promise<ScheduleNews[]> {
  const news: ScheduleNews[] = [];
  for (const schedule of await schedules.list()) {
    const all = await schedules.dueRuns(schedule);
    const runs = all.filter(({ state, dueAt, endedAt = dueAt }) => state === 'running' || endedAt >= since);
    if (runs.length > 0) news.push(newsOf(schedule, runs));
  }
  return news;
}

function newsOf({ skill, name }: SkillSchedule, runs: readonly DueRun[]): ScheduleNews {
  const count = (wanted: DueRun['state']): number => runs.filter(({ state }) => state === wanted).length;
  const reasons = new Set(runs.flatMap((run) => whyDueRun(run) ?? []).map((why) => why.slice(0, 300).toWellFormed()));
  return {
    skill,
    name,
    ran: count('ran'),
    failed: count('failed'),
    skipped: count('skipped'),
    reasons: [...reasons].slice(0, 5),
    isWhole: runs.length < shownDueRuns,
  };
}
