import type { NightReport } from '../../domain/night/report.ts';
import type { NightRun, PhaseReport } from '../../domain/night/run.ts';

/** When the nights of tests are due. */
export const fourOClock = Date.UTC(2026, 10, 26, 4);

const quietPhases = ['redis', 'memory', 'logs', 'zombies', 'health'] as const;

/** A run in which every phase found nothing to do. */
export function quietRun(changes: Partial<NightRun> = {}): NightRun {
  const phases = quietPhases.map((phase): PhaseReport => ({
    phase,
    state: 'done',
    startedAt: fourOClock,
    ms: 400,
    outcome: { counts: {}, notes: [] },
  }));
  return {
    id: 'due-20261126T040000Z',
    trigger: 'schedule',
    dueAt: fourOClock,
    state: 'ran',
    isCutShort: false,
    startedAt: fourOClock,
    endedAt: fourOClock + 2000,
    phases,
    ...changes,
  };
}

/** A report of a night in which nothing happened. */
export function quietReport(changes: Partial<NightReport> = {}): NightReport {
  const run = changes.run ?? quietRun();
  return {
    v: 1,
    id: run.id,
    writtenAt: fourOClock + 3000,
    since: fourOClock - 24 * 60 * 60 * 1000,
    run,
    cycles: [],
    schedules: [],
    contacts: [],
    failures: { messages: {}, isWhole: true, strikes: [] },
    waiting: [],
    unknown: [],
    ...changes,
  };
}
