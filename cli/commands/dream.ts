import type { Command } from 'commander';

import { homePaths } from '../../domain/config/paths.ts';
import { errorCatalogue, TalosError } from '../../domain/errors.ts';
import { describeFinding } from '../../domain/night/finding.ts';
import type { NightRun, NightView } from '../../domain/night/run.ts';
import { type NightList, whyNight } from '../../domain/night/view.ts';
import { describeNightWhen } from '../../domain/night/when.ts';
import type { CliDeps } from '../command.ts';
import { createDreamClient, type DreamClient } from '../dream-client.ts';
import { followNight } from '../follow-night.ts';
import { formatTime } from '../format-time.ts';
import { livePhaseLine, nightEndLine, phaseLine } from '../night-lines.ts';
import { plainLine } from '../plain-text.ts';

const help = `
The dream cycle is the nightly maintenance: Redis, long-term memory, logs, leftovers, and a health report. It begins every day at
DREAM_CYCLE_HOUR:DREAM_CYCLE_MINUTE; what was due while Talos was not running starts up to three hours late, or is listed as missed.

Examples:
  talos dream                    when it is due, and what came of the last times
  talos dream --now --follow     begin one and watch its phases
  talos dream --follow           watch the one that goes on`;

type Options = { readonly now?: true; readonly follow?: true; readonly json?: true };

/** `talos dream`: the nightly maintenance. */
export function addDreamCommand(program: Command, deps: CliDeps): void {
  program
    .command('dream')
    .description('show, begin or watch the nightly maintenance')
    .option('--now', 'begin one now')
    .option('--follow', 'watch its phases; Ctrl-C only stops watching')
    .option('--json', 'print what there is as JSON')
    .addHelpText('after', help)
    .action(async (options: Options) => {
      const client = createDreamClient(homePaths(deps.config()).apiSocket);
      if (options.now !== true && options.follow !== true) return tellList(await client.list(), options, deps);
      const night = options.now === true ? await client.start() : await goingOn(client);
      if (options.follow === true) return watch({ client, night }, options, deps);
      if (options.json === true) return deps.output.json(night);
      deps.output.line(`Dream cycle ${night.id} begins. To watch it: talos dream --follow`);
    });
}

async function goingOn(client: DreamClient): Promise<NightView> {
  const running = (await client.list()).runs.find(({ state }) => state === 'running');
  if (running !== undefined) return running;
  throw new TalosError('NOT_FOUND', 'No dream cycle goes on now; begin one with: talos dream --now --follow');
}

function tellList(list: NightList, { json }: Options, { output }: CliDeps): void {
  if (json === true) return output.json(list);
  const { when, paused, next, runs } = list;
  output.line(`Dream cycle ${describeNightWhen(when)}`);
  if (paused) output.line('It is paused in Temporal: nothing comes of it until it is resumed there.');
  const [soonest] = next;
  if (soonest !== undefined) output.line(`next  ${formatTime(soonest, when.zone)}`);
  if (runs.length === 0) return output.note('There was none yet. To begin one now: talos dream --now --follow');
  output.line();
  output.table(
    ['DUE', 'ID', 'BY', 'STATE', 'CUT SHORT', 'WHY'],
    runs.map((run) => rowOf(run, when.zone)),
  );
}

function rowOf(run: NightRun, zone: string): string[] {
  const { id, trigger, dueAt, state, isCutShort } = run;
  const failed = run.phases.filter((each) => each.state === 'failed').map(({ phase }) => phase);
  const why = failed.length > 0 ? `failed: ${failed.join(', ')}` : (whyNight(run) ?? '');
  return [formatTime(dueAt, zone), id, trigger, state, isCutShort ? 'yes' : '', why];
}

type Watched = { readonly client: DreamClient; readonly night: NightView };

/** Shows the phases as they go and, at the end, what people should read. Fails unless the run did all it should. */
async function watch({ client, night }: Watched, { json }: Options, deps: CliDeps): Promise<void> {
  const { output } = deps;
  const show = json === true ? () => undefined : createDisplay(deps);
  const end = await followNight({ client, id: night.id, signal: deps.following(), onChange: show });
  if (end === undefined) {
    output.note(`Dream cycle ${night.id} goes on. To watch it again: talos dream --follow`);
    if (deps.interrupted().aborted) deps.setExitCode(errorCatalogue.RUN_STOPPED.exitCode);
    return;
  }
  if (json === true) output.json(end);
  else tellEnd(end, deps);
  if (end.state !== 'ran' || end.isCutShort) deps.setExitCode(failedExit);
}

/** As for something that can be tried again. */
const failedExit = 75;

/** On a terminal one line for each phase that is kept up to date; elsewhere a plain line for each change. */
function createDisplay({ output }: CliDeps): (night: NightView) => void {
  const shown = new Map<string, string>();
  return ({ phases, progress }) => {
    for (const report of phases) {
      const text = livePhaseLine(report, progress);
      if (shown.get(report.phase) === text) continue;
      shown.set(report.phase, text);
      if (output.isTerminal) output.progress(report.phase, text, { done: report.state !== 'running' });
      else output.line(`${report.phase.padEnd(8)} ${text}`);
    }
  };
}

function tellEnd(end: NightView, { output }: CliDeps): void {
  if (output.isTerminal)
    for (const report of end.phases) output.progress(report.phase, phaseLine(report), { done: true });
  for (const { phase, outcome } of end.phases) {
    for (const note of outcome?.notes ?? []) output.line(plainLine(`${phase}: ${note}`));
    for (const found of outcome?.findings ?? []) output.line(plainLine(`${phase}: ${describeFinding(found)}`, 200));
  }
  const { revision } = end;
  if (revision !== undefined && revision.state !== 'none') output.line(plainLine(`revision: ${revision.note}`));
  output.line(nightEndLine(end));
}
