import { countsInWords } from '../domain/night/count-words.ts';
import type { NightRun, NightView, PhaseReport } from '../domain/night/run.ts';
import { whyNight } from '../domain/night/view.ts';
import { plainLine } from './plain-text.ts';

/** What a phase came to, on one line: its state, time, counts and what went wrong. */
export function phaseLine({ phase, state, ms, outcome, error }: PhaseReport): string {
  const time = ms === undefined ? '' : ` in ${(ms / 1000).toFixed(1)} s`;
  // What health counts is told by its notes.
  const counts = phase === 'health' ? [] : countsInWords(outcome?.counts ?? {});
  const more = [...counts, ...(error === undefined ? [] : [`${error.code}: ${error.message}`])].join(', ');
  return plainLine(`${state}${time}${more === '' ? '' : `: ${more}`}`);
}

/** The line of a phase while its run goes on. */
export function livePhaseLine(report: PhaseReport, progress: NightView['progress']): string {
  if (report.state !== 'running') return phaseLine(report);
  return progress?.phase === report.phase ? plainLine(`running: ${progress.line}`) : 'running';
}

/** How a run ended, on one line. */
export function nightEndLine(night: NightRun): string {
  const { id, state, isCutShort, startedAt, endedAt } = night;
  const why = whyNight(night);
  const took =
    startedAt === undefined || endedAt === undefined ? '' : ` after ${((endedAt - startedAt) / 1000).toFixed(1)} s`;
  const cut = isCutShort ? ', cut short' : '';
  return `Dream cycle ${id} ${state}${cut}${took}${why === undefined ? '' : `: ${why}`}`;
}
