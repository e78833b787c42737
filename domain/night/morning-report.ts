import { formatAge } from '../format-age.ts';
import { formatTime } from '../format-time.ts';
import { plainLine } from '../plain-text.ts';
import { attention, contactLines, failureLines, waitingLines } from './report-lines.ts';
import { cycleLines, phaseLines, scheduleLines } from './report-cycles.ts';
import type { NightReport, ReportPart, ReportView } from './report.ts';
import type { NightRun } from './run.ts';
import { whyNight } from './view.ts';

/** When and where a report is read: times are told in this zone, or in that of the machine. */
export type Reader = { readonly now: number; readonly zone?: string };

const hourMs = 60 * 60 * 1000;
const dayMs = 24 * hourMs;

/** A report as it was found, for people; first what speaks against it. */
export function reportText({ id, sound, problems, report }: ReportView, reader: Reader): string[] {
  const lines = report === undefined ? [] : morningReport(report, reader);
  if (sound) return lines;
  const warning = `THIS REPORT CANNOT BE TRUSTED: ${id} is not what this node has signed.`;
  return [warning, ...problems.map((problem) => plainLine(problem, 200)), ...(lines.length > 0 ? ['', ...lines] : [])];
}

/** A report as people read it, the most important first, one line each; a night without anything to tell takes two. */
function morningReport(report: NightReport, reader: Reader): string[] {
  const sections = [
    section('Waits for you', waitingLines(report, reader.now)),
    section('Needs attention', attention(report.run)),
    section('Went wrong', failureLines(report)),
    section('Left this machine', contactLines(report)),
    section('Cleaned up', phaseLines(report.run)),
    section('Schedules', [...scheduleLines(report), ...cycleLines(report, reader.zone)]),
    section('Not known', report.unknown.map(unknownLine)),
  ].flat();
  const title = `Morning report, ${formatTime(report.writtenAt, reader.zone)} (${ago(report.writtenAt, reader.now)})`;
  const span = spanText(report, reader.zone);
  const isQuiet = sections.length === 0 && isWhole(report.run);
  if (isQuiet) {
    return [
      `${title}: a quiet night.`,
      `${runLine(report.run)} Nothing failed, left this machine or waits for you.${span}`,
    ];
  }
  const hasNothingLeft = report.contacts?.length === 0 && report.areContactsWhole !== false;
  return [title, `${runLine(report.run)}${hasNothingLeft ? ' Nothing left this machine.' : ''}${span}`, ...sections];
}

/** A report that follows another one soon, or after long, is easily taken for one of a day. */
function spanText({ since, writtenAt }: NightReport, zone: string | undefined): string {
  const isAboutADay = Math.abs(writtenAt - since - dayMs) < 6 * hourMs;
  return isAboutADay ? '' : ` It tells of what happened since ${formatTime(since, zone)}.`;
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${plainLine(line, 240)}`)];
}

function isWhole({ state, isCutShort }: NightRun): boolean {
  return state === 'ran' && !isCutShort;
}

/** How the run ended, as a sentence. */
function runLine(run: NightRun): string {
  const { state, isCutShort, phases, startedAt, endedAt } = run;
  const why = whyNight(run) ?? 'the reason is not known';
  if (state === 'skipped') return `The dream cycle was skipped: ${why}.`;
  const done = phases.filter((phase) => phase.state === 'done').length;
  const time = startedAt === undefined || endedAt === undefined ? '' : ` in ${formatAge(endedAt - startedAt)}`;
  const all = `${done} of ${phases.length} phases${time}`;
  if (state === 'failed') return `The dream cycle failed: ${why}. It did ${all}.`;
  return `The dream cycle ${isCutShort ? 'was cut short: it' : 'ran: it'} did ${all}.`;
}

const partTexts: Readonly<Record<ReportPart, string>> = {
  cycles: 'other dream cycles',
  schedules: 'what came of schedules',
  contacts: 'what left this machine',
  failures: 'what failed',
  waiting: 'what waits for you',
};

function unknownLine({ part, reason }: NightReport['unknown'][number]): string {
  return `${partTexts[part]} (${reason})`;
}

/** How long ago something was. */
export function ago(at: number, now: number): string {
  return now - at < 60_000 ? 'just now' : `${formatAge(now - at)} ago`;
}
