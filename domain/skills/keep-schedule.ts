import { isAhead, lapses, missedTimes, settledUntil } from '../missed-times.ts';
import type { AuditLog } from '../ports.ts';
import type { ScheduleClock, ScheduleTiming, SkillSchedules } from './ports.ts';
import { type DueRun, longestDueRunMs, shownDueRuns } from './due-run.ts';
import { dueRunKey, scheduleId, type ScheduleRef, type SkillSchedule } from './schedule.ts';

/** What keeping schedules stands on. */
export type ScheduleKeeping = {
  readonly schedules: SkillSchedules;
  readonly scheduleClock: ScheduleClock;
  readonly audit: AuditLog;
  readonly now: () => number;
};

/**
 * Makes sure that a kept schedule comes due, and records what nobody else can: due times nobody began, due runs that were ended from
 * outside. The store is the truth: a schedule the clock has lost, or lets pass unheard, is set again.
 */
export async function keepSchedule(
  keeping: ScheduleKeeping,
  schedule: SkillSchedule,
  catchUpMs: number,
): Promise<ScheduleTiming> {
  const timing = await timingOf(keeping, schedule);
  const until = settledUntil(keeping.now(), catchUpMs);
  if (timing.paused) await keeping.schedules.account(schedule, { until, missed: [] });
  else await recordMissed(keeping, schedule, until);
  await endStopped(keeping, schedule);
  return timing;
}

async function timingOf(
  { scheduleClock: clock, now }: ScheduleKeeping,
  schedule: SkillSchedule,
): Promise<ScheduleTiming> {
  const timing = await clock.timing(schedule);
  const isLost = timing === undefined || (await lapses(timing, now(), (range) => clock.dueTimes(schedule, range)));
  if (!isLost) return timing;
  if (timing !== undefined) await clock.remove(schedule);
  await clock.set(schedule);
  return (await clock.timing(schedule)) ?? { paused: schedule.paused, next: [] };
}

async function recordMissed(keeping: ScheduleKeeping, schedule: SkillSchedule, until: number): Promise<void> {
  const { schedules, scheduleClock, now } = keeping;
  const { until: accountedUntil, known } = await schedules.accounted(schedule);
  // What was told of times that are still to come does not hold.
  if (isAhead(accountedUntil, now())) return schedules.rewind(schedule, { until, now: now() });
  if (accountedUntil >= until) return;
  const times = await missedTimes({ accountedUntil, known, since: schedule.since, until }, (range) =>
    scheduleClock.dueTimes(schedule, range),
  );
  await auditMissed(keeping, schedule, times);
  const missed = times.slice(-shownDueRuns).map((dueAt): DueRun => ({
    key: dueRunKey(schedule.name, dueAt),
    dueAt,
    state: 'skipped',
    reason: 'missed',
    endedAt: now(),
  }));
  await schedules.account(schedule, { until, missed });
}

async function auditMissed({ audit }: ScheduleKeeping, ref: ScheduleRef, times: readonly number[]): Promise<void> {
  const [first] = times;
  const last = times.at(-1);
  if (first === undefined || last === undefined) return;
  const details = { state: 'skipped', reason: 'missed', count: times.length, first, last };
  await audit.append({ type: 'skill-run', actor: 'talos', subject: scheduleId(ref), details });
}

/** What is said to run for longer than any run takes has no workflow any more that would end it. */
async function endStopped({ schedules, now }: ScheduleKeeping, ref: ScheduleRef): Promise<void> {
  for (const run of await schedules.dueRuns(ref)) {
    if (run.state !== 'running' || now() - run.dueAt < longestDueRunMs) continue;
    await schedules.end(ref, { ...run, state: 'failed', reason: 'RUN_STOPPED', endedAt: now() });
  }
}
