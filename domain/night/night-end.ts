import { phaseNames } from './phases.ts';
import type { NightFailure, NightRun, PhaseReport } from './run.ts';

/** What ended a run before its phases were through. */
export type NightStop = Extract<NightFailure, 'cancelled' | 'lockdown' | 'hard-cap'>;

/** How a run ended. */
export type NightEnd = Pick<NightRun, 'isCutShort' | 'reason'> & { readonly state: 'ran' | 'failed' | 'skipped' };

/** All phases of a run that is over: what still ran is cut short, what had not begun is skipped. */
export function closePhases(reports: readonly PhaseReport[], at: number): PhaseReport[] {
  return phaseNames.map((phase) => {
    const report = reports.find((known) => known.phase === phase);
    if (report === undefined) return { phase, state: 'skipped' };
    if (report.state !== 'running') return report;
    return { ...report, state: 'cut-short', ms: Math.max(0, at - (report.startedAt ?? at)) };
  });
}

/** How a run ended by what its phases came to. A run that lacks a part never counts as whole. */
export function judgeNight(phases: readonly PhaseReport[], stop?: NightStop): NightEnd {
  const isCutShort = phases.some(({ state }) => state === 'cut-short' || state === 'skipped');
  if (stop !== undefined) return { state: 'failed', reason: stop, isCutShort };
  if (phases.some(({ state }) => state === 'failed')) return { state: 'failed', reason: 'phase-failed', isCutShort };
  return { state: 'ran', isCutShort };
}

/** The phases as a list for people, in Markdown. */
export function listPhases(reports: readonly PhaseReport[]): string {
  return reports
    .map(({ phase, state, ms, error }) => {
      const time = ms === undefined ? '' : `, ${(ms / 1000).toFixed(1)} s`;
      return `- ${phase}: ${state}${time}${error === undefined ? '' : ` (${error.code})`}`;
    })
    .join('\n');
}
