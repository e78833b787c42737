import { TalosError } from '../domain/errors.ts';
import { keepNight } from '../domain/night/keep-night.ts';
import { nightGraceMs } from '../domain/night/limits.ts';
import type { NightEnd } from '../domain/night/night-end.ts';
import type { NightPorts } from '../domain/night/ports.ts';
import type { NightRun, NightRunId, Phase, PhaseReport, RevisionReport } from '../domain/night/run.ts';
import type { AuditLog, LockdownStore, Logger } from '../domain/ports.ts';
import { type PhaseEnd, runNightPhase } from './night-phase.ts';

/** What the steps of the nightly maintenance need; without `nightPorts` this process serves none. */
export type NightDeps = {
  readonly nightPorts?: NightPorts;
  readonly audit: AuditLog;
  readonly lockdown: LockdownStore;
  readonly logger: Logger;
  now(): number;
};

/** A run that is due or was asked for; what starts later than `catchUpMs` after it was due is missed. */
export type NightOrder = Pick<NightRun, 'id' | 'trigger' | 'dueAt'> & {
  readonly catchUpMs: number;
  readonly hardMs: number;
};

/** Whether there is something to do. `run` goes on under the time it began first. */
export type NightStart =
  | { readonly kind: 'run'; readonly startedAt: number }
  | { readonly kind: 'ended'; readonly end: NightEnd };

/** A run while it goes on. */
export type NightState = Pick<NightRun, 'id' | 'trigger' | 'dueAt'> & {
  readonly startedAt: number;
  readonly phases: readonly PhaseReport[];
  readonly revision?: RevisionReport;
};

/** Steps of the nightly maintenance. */
export function createNightActivities(deps: NightDeps) {
  return {
    /** Takes the one place there is, or records why nothing is done. Repeating it finds what was begun. */
    async beginNightRun(order: NightOrder): Promise<NightStart> {
      const { nightRuns } = nightParts(deps);
      const known = await nightRuns.get(order.id);
      if (known !== undefined && known.state !== 'running') return ended(known);
      if (known === undefined && isTooLate(deps, order)) return skip(deps, order, 'missed');
      if (known === undefined && (await isLocked(deps))) return skip(deps, order, 'lockdown');
      const startedAt = known?.startedAt ?? deps.now();
      const { id, trigger, dueAt, hardMs } = order;
      const run: NightRun = { id, trigger, dueAt, state: 'running', isCutShort: false, startedAt, phases: [] };
      const times = { at: deps.now(), overAt: startedAt + hardMs + nightGraceMs };
      const begun = await nightRuns.begin(run, times);
      if (begun.kind === 'ended') return ended(begun.run);
      return begun.kind === 'overlap' ? skip(deps, order, 'overlap') : { kind: 'run', startedAt };
    },

    /** Does one phase, and tells of its progress. A phase that was cut short returns what it did. */
    runPhase: (order: { id: NightRunId; phase: Phase }): Promise<PhaseEnd> =>
      runNightPhase({ ...deps, ...nightParts(deps) }, order),

    /** Shows how far a run has come. */
    async saveNightRun({ phases, ...run }: NightState): Promise<void> {
      await nightParts(deps).nightRuns.save({ ...run, state: 'running', isCutShort: false, phases: [...phases] });
    },

    /** Records how a run ended, for good; then in the audit log. A run that was cancelled by a lockdown says so. */
    async endNightRun({ phases, ...run }: NightState, given: NightEnd): Promise<NightEnd> {
      const end = given.reason === 'cancelled' && (await isLocked(deps)) ? lockedDown(given) : given;
      const endedAt = deps.now();
      await nightParts(deps).nightRuns.save({ ...run, ...end, phases: [...phases], endedAt });
      const { state, reason, isCutShort } = end;
      const details = { state, isCutShort, ...(reason !== undefined && { reason }), trigger: run.trigger };
      const event = { type: 'dream-cycle-ended', actor: 'talos', subject: run.id, details } as const;
      await deps.audit.appendOnce(event, run.startedAt);
      return end;
    },

    /** Records the due times before this one that nobody began. */
    async keepNightSchedule(): Promise<void> {
      await keepNight({ ...nightParts(deps), audit: deps.audit, now: () => deps.now() });
    },

    /**
     * Writes what people read of a run that has ended; where nobody writes reports, nothing. One that was skipped because another goes on
     * is told in the report of that one, which otherwise would tell only of the time since this one's.
     */
    async writeNightReport({ id }: { readonly id: NightRunId }): Promise<void> {
      const { nightReports, nightRuns } = nightParts(deps);
      if (nightReports === undefined) return;
      const view = await nightRuns.get(id);
      if (view === undefined) throw new TalosError('NOT_FOUND', `Nothing is known of dream cycle ${id}.`);
      if (view.reason === 'overlap') return;
      const { progress: _progress, ...run } = view;
      await nightReports.write(run);
    },
  };
}

function nightParts({ nightPorts }: NightDeps): NightPorts {
  if (nightPorts !== undefined) return nightPorts;
  throw new TalosError('INTERNAL', 'This process was started without the ports of the nightly maintenance.');
}

function ended({ state, reason, isCutShort }: NightRun): NightStart {
  if (state === 'running') throw new TalosError('INTERNAL', 'A dream cycle that goes on was taken for one that ended.');
  return { kind: 'ended', end: { state, isCutShort, ...(reason !== undefined && { reason }) } };
}

function isTooLate(deps: NightDeps, { trigger, dueAt, catchUpMs }: NightOrder): boolean {
  return trigger === 'schedule' && deps.now() - dueAt > catchUpMs;
}

async function isLocked({ lockdown }: NightDeps): Promise<boolean> {
  const { locked } = await lockdown.state();
  return locked;
}

function lockedDown(end: NightEnd): NightEnd {
  return { ...end, reason: 'lockdown' };
}

/** Records a skip, audited first. */
async function skip(
  deps: NightDeps,
  { id, trigger, dueAt }: NightOrder,
  reason: 'missed' | 'overlap' | 'lockdown',
): Promise<NightStart> {
  const end = { state: 'skipped', reason, isCutShort: false } as const;
  const details = { state: 'skipped', reason, trigger };
  await deps.audit.appendOnce({ type: 'dream-cycle-ended', actor: 'talos', subject: id, details }, dueAt);
  await nightParts(deps).nightRuns.save({ ...end, id, trigger, dueAt, phases: [], endedAt: deps.now() });
  return { kind: 'ended', end };
}
