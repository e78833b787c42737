import { formatTime } from '../format-time.ts';
import { countsInWords } from './count-words.ts';
import { few } from './few-lines.ts';
import type { NightReport, ScheduleNews } from './report.ts';
import type { NightRun, PhaseReport } from './run.ts';
import { whyNight } from './view.ts';

/** What each phase did, and which one did not get to it. The health is told elsewhere. */
export function phaseLines({ phases, state }: NightRun): string[] {
  if (state === 'skipped') return [];
  return phases.flatMap(({ phase, state: end, outcome }) => {
    if (phase === 'health') return [];
    const all = [...countsInWords(outcome?.counts ?? {}), ...(endTexts[end] ?? [])];
    return all.length === 0 ? [] : [`${phase}: ${all.join(', ')}`];
  });
}

const endTexts: Partial<Record<PhaseReport['state'], readonly string[]>> = {
  'cut-short': ['cut short'],
  skipped: ['had no time'],
};

/** What came of the schedules of skills; first those whose due times came to something else than a run. */
export function scheduleLines({ schedules = [] }: NightReport): string[] {
  const troubled = (news: ScheduleNews): number => Number(news.failed + news.skipped > 0);
  return few(schedules.toSorted((a, b) => troubled(b) - troubled(a)).map(scheduleLine));
}

function scheduleLine({ skill, name, ran, failed, skipped, reasons, isWhole }: ScheduleNews): string {
  const counts = Object.entries({ ran, failed, skipped }).filter(([, count]) => count > 0);
  const times = counts.map(([what, count]) => `${count} ${what}`).join(', ');
  const why = reasons.length === 0 ? '' : ` (${reasons.join('; ')})`;
  return `${skill}.${name}: ${times === '' ? 'goes on' : times}${why}${isWhole ? '' : ', of the last ten times'}`;
}

/** Other dream cycles since the report before. */
export function cycleLines({ cycles = [] }: NightReport, zone: string | undefined): string[] {
  const lines = cycles.map((run) => {
    const why = whyNight(run);
    const cut = run.isCutShort ? ', cut short' : '';
    return `dream cycle of ${formatTime(run.dueAt, zone)}: ${run.state}${cut}${why === undefined ? '' : `, ${why}`}`;
  });
  return few(lines);
}
