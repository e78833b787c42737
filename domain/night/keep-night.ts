import { isAhead, lapses, missedTimes, settledUntil } from '../missed-times.ts';
import type { AuditLog } from '../ports.ts';
import { closePhases } from './night-end.ts';
import { dueNightId } from './night-id.ts';
import type { NightClock, NightRuns, NightTiming } from './ports.ts';
import type { NightRun, NightWhen } from './run.ts';

/** What keeping the schedule of the night stands on. */
export type NightKeeping = {
  readonly nightRuns: NightRuns;
  readonly nightClock: NightClock;
  readonly audit: AuditLog;
  readonly now: () => number;
};

/** So many of the last runs are looked at for some that were lost. */
const lookedAt = 20;

/** So many missed times at most become records; an absence of months is told by the audit log in one line. */
const mostMissed = 31;

/**
 * Makes the nightly maintenance come due as this process is configured, and records what nobody else can. When the time or the zone
 * has changed, what was due until now goes by the old one.
 */
export async function setNight(keeping: NightKeeping): Promise<NightTiming> {
  const { nightClock, now } = keeping;
  const before = await nightClock.timing();
  if (before !== undefined && !isSame(before.when, nightClock.wanted)) await recordMissed(keeping, before, now());
  await nightClock.set();
  return keepNight(keeping);
}

/** As `setNight`, for whoever only looks: the schedule is left alone while it is as it should be. */
export async function lookAtNight(keeping: NightKeeping): Promise<NightTiming> {
  const timing = await keeping.nightClock.timing();
  if (timing === undefined || !isSame(timing.when, keeping.nightClock.wanted)) return setNight(keeping);
  return keepNight(keeping, timing);
}

/** Records due times nobody began, and runs that were lost. Where no schedule is kept there is nothing to record. */
export async function keepNight(keeping: NightKeeping, known?: NightTiming): Promise<NightTiming> {
  const timing = await onTime(keeping, known ?? (await keeping.nightClock.timing()));
  if (timing !== undefined)
    await recordMissed(keeping, timing, settledUntil(keeping.now(), keeping.nightClock.catchUpMs));
  await endLost(keeping);
  return timing ?? { when: keeping.nightClock.wanted, paused: true, next: [] };
}

async function onTime({ nightClock, now }: NightKeeping, timing: NightTiming | undefined) {
  if (timing === undefined || !(await lapses(timing, now(), (range) => nightClock.dueTimes(range)))) return timing;
  await nightClock.renew();
  return nightClock.timing();
}

function isSame(a: NightWhen, b: NightWhen): boolean {
  return a.hour === b.hour && a.minute === b.minute && a.zone === b.zone;
}

async function recordMissed(keeping: NightKeeping, { paused }: NightTiming, until: number): Promise<void> {
  const { nightRuns, nightClock, now } = keeping;
  const { until: accountedUntil, known } = await nightRuns.accounted();
  // Nothing is known yet: due times begin to count now.
  if (accountedUntil === 0) return nightRuns.account({ until: now(), missed: [] });
  // The clock was ahead: what was told of times that are still to come does not hold.
  if (isAhead(accountedUntil, now())) return nightRuns.rewind({ until, now: now() });
  if (accountedUntil >= until) return;
  const times = paused
    ? []
    : await missedTimes({ accountedUntil, since: 0, known, until }, (range) => nightClock.dueTimes(range));
  await auditMissed(keeping, times);
  await nightRuns.account({ until, missed: times.slice(-mostMissed).map((dueAt) => missedRun(dueAt, now())) });
}

function missedRun(dueAt: number, endedAt: number): NightRun {
  const facts = { trigger: 'schedule', state: 'skipped', reason: 'missed', isCutShort: false, phases: [] } as const;
  return { ...facts, id: dueNightId(dueAt), dueAt, endedAt, phases: [] };
}

async function auditMissed({ audit }: NightKeeping, times: readonly number[]): Promise<void> {
  const [first] = times;
  const last = times.at(-1);
  if (first === undefined || last === undefined) return;
  const details = { state: 'skipped', reason: 'missed', count: times.length, first, last };
  await audit.append({ type: 'dream-cycle-ended', actor: 'talos', subject: 'dream-cycle', details });
}

/** A run that is said to go on but holds the place no more, or for longer than a run can, has no workflow that would end it. */
async function endLost({ nightRuns, audit, now }: NightKeeping): Promise<void> {
  const running = (await nightRuns.list({ since: 0, limit: lookedAt })).filter(({ state }) => state === 'running');
  if (running.length === 0) return;
  const holder = await nightRuns.goingOn();
  for (const run of running) {
    if (run.id === holder?.id && holder.overAt > now()) continue;
    const phases = closePhases(run.phases, now());
    const isEnded = await nightRuns.save({
      ...run,
      state: 'failed',
      reason: 'lost',
      isCutShort: true,
      endedAt: now(),
      phases,
    });
    const details = { state: 'failed', reason: 'lost' };
    if (isEnded) await audit.append({ type: 'dream-cycle-ended', actor: 'talos', subject: run.id, details });
  }
}
