import { statSync } from 'node:fs';

import type { Command } from 'commander';

import { homePaths } from '../../domain/config/paths.ts';
import { TalosError } from '../../domain/errors.ts';
import { ago, reportText } from '../../domain/night/morning-report.ts';
import { newestReport } from '../../domain/night/newest-report.ts';
import type { ReportReader } from '../../domain/night/ports.ts';
import type { ReportView } from '../../domain/night/report.ts';
import { NightRunId } from '../../domain/night/run.ts';
import type { CliDeps } from '../command.ts';
import { formatTime } from '../format-time.ts';
import { lastDue, lateReport } from '../last-due.ts';

const help = `
What the last night did and found, what left this machine, and what waits for you. Reports are files of this home, signed with the node
key, so nothing has to run to read one. Ends with 70 when a report is not what was signed.

Examples:
  talos report
  talos report --list
  talos report due-20261126T040000Z --json`;

type Options = { readonly json?: true; readonly list?: true };

/** What a run takes beside its hard cap until its report is there. */
const graceMs = 5 * 60_000;

/** `talos report`: the morning report. */
export function addReportCommand(program: Command, deps: CliDeps): void {
  program
    .command('report')
    .description('read the report of the last night')
    .argument('[id]', 'that of another night, as --list names it')
    .option('--list', 'list all that are kept')
    .option('--json', 'print it as JSON')
    .addHelpText('after', help)
    .action(async (id: string | undefined, options: Options) => {
      const reports = await deps.reports(deps.config());
      if (options.list === true) return list(reports, options, deps);
      const view = id === undefined ? await latest(reports, deps) : await named(reports, id);
      print(view, options, deps);
      if (!view.sound) throw changed(view);
    });
}

async function list(reports: ReportReader, { json }: Options, { output }: CliDeps): Promise<void> {
  const all = await reports.list();
  if (json === true) return output.json(all);
  if (all.length === 0) return output.note('There is no report yet. To make one now: talos dream --now --follow');
  const rows = all.map(({ id, writtenAt, sound, state = '' }) => [
    formatTime(writtenAt),
    ago(writtenAt, Date.now()),
    id,
    state,
    sound ? 'yes' : 'NO: changed',
  ]);
  output.table(['WRITTEN', '', 'ID', 'DREAM CYCLE', 'SOUND'], rows);
}

async function latest(reports: ReportReader, deps: CliDeps): Promise<ReportView> {
  const newest = newestReport(await reports.list(), Date.now());
  const late = lateness(newest?.writtenAt, deps);
  if (late !== undefined) deps.output.note(late);
  const view = await reports.latest();
  if (view !== undefined) return view;
  throw new TalosError(
    'NOT_FOUND',
    'There is no report yet; the next night writes one, or: talos dream --now --follow',
  );
}

function lateness(newest: number | undefined, deps: CliDeps): string | undefined {
  const { dreamHour: hour, dreamMinute: minute, dreamHardCapSeconds } = deps.config().upkeep;
  const now = Date.now();
  return lateReport(newest, {
    due: lastDue({ hour, minute }, now),
    now,
    longestMs: dreamHardCapSeconds * 1000 + graceMs,
    since: madeAt(homePaths(deps.config()).nodeKey),
  });
}

/** When this home was made: its key is written once. */
function madeAt(nodeKey: string): number {
  return statSync(nodeKey, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

async function named(reports: ReportReader, id: string): Promise<ReportView> {
  const checked = NightRunId.safeParse(id);
  const view = checked.success ? await reports.get(checked.data) : undefined;
  if (view !== undefined) return view;
  throw new TalosError('NOT_FOUND', `There is no report ${id}; see: talos report --list`);
}

function print(view: ReportView, { json }: Options, { output }: CliDeps): void {
  if (json === true) return output.json(view);
  for (const line of reportText(view, { now: Date.now() })) output.line(line);
}

function changed({ id, problems }: ReportView): TalosError {
  return new TalosError('REPORT_CHANGED', `The report ${id} is not what was signed. ${problems.join(' ')}`);
}
