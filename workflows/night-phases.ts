import { ActivityFailure, CancellationScope, isCancellation, TimeoutFailure } from '@temporalio/workflow';

import type { NightState } from '../activities/night.ts';
import { phaseLimitMs } from '../domain/night/limits.ts';
import { phaseNames } from '../domain/night/phases.ts';
import type { Phase, PhaseReport, RevisionReport } from '../domain/night/run.ts';
import { fromActivityFailure } from './failure.ts';
import { local, phaseStep } from './night-steps.ts';
import { ignoreFailure, type NightTime } from './night-time.ts';

/** A run that goes on; its reports grow. */
export type Night = Omit<NightState, 'phases' | 'revision'> & {
  readonly phases: PhaseReport[];
  readonly time: NightTime;
  revision?: RevisionReport;
};

/**
 * Does the phases one after the other and keeps the reports up to date; a failed one never keeps the next from running. Stops when the
 * time is up, or Talos turns out to be locked down. `onChange` is told after every step.
 */
export async function runPhases(night: Night, onChange: () => void): Promise<void> {
  const { phases, time } = night;
  for (const phase of phaseNames) {
    const limitMs = phaseLimitMs(phase, time.elapsedMs(), time.caps);
    if (limitMs === undefined || time.isUp() || isLockedDown(phases)) return;
    const begun: PhaseReport = { phase, state: 'running', startedAt: Date.now() };
    const place = phases.push(begun) - 1;
    onChange();
    await show(night);
    phases[place] = await runPhase(night, begun, limitMs);
    onChange();
  }
}

/** Whether a phase was ended by a lockdown. */
export function isLockedDown(phases: readonly PhaseReport[]): boolean {
  return phases.some(({ error }) => error?.code === 'LOCKDOWN');
}

/** Nobody waits for that; the end tells everything once more. */
function show({ id, trigger, dueAt, startedAt, phases }: Night): Promise<void> {
  const state: NightState = { id, trigger, dueAt, startedAt, phases };
  return CancellationScope.nonCancellable(() => ignoreFailure(() => local.saveNightRun(state)));
}

async function runPhase({ id, time }: Night, begun: PhaseReport, limitMs: number): Promise<PhaseReport> {
  const { phase, startedAt = Date.now() } = begun;
  const end = await time
    .within(() => phaseStep(phase, limitMs)({ id, phase }))
    .then(
      ({ outcome, isCutShort }) => ({ state: isCutShort ? 'cut-short' : 'done', outcome }) as const,
      (thrown: unknown) => howItFailed(thrown, phase, time),
    );
  return { phase, startedAt, ms: Date.now() - startedAt, ...end };
}

function howItFailed(thrown: unknown, phase: Phase, time: NightTime): Pick<PhaseReport, 'state' | 'error'> {
  if (isCancellation(thrown)) return { state: 'cut-short' };
  const state = time.isUp() ? 'cut-short' : 'failed';
  const cause = thrown instanceof ActivityFailure ? thrown.cause : thrown;
  if (cause instanceof TimeoutFailure) {
    const message =
      cause.timeoutType === 'HEARTBEAT'
        ? `Its worker went away, and no other did ${phase} in time.`
        : 'It was not done in the time it may take.';
    return { state, error: { code: 'PHASE_TIMEOUT', message } };
  }
  const { code, message } = fromActivityFailure(thrown);
  return { state, error: { code, message: message.slice(0, longestMessage) } };
}

const longestMessage = 500;
