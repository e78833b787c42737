import { setTimeout as pause } from 'node:timers/promises';

import type { Command } from 'commander';

import { homePaths } from '../../../domain/config/paths.ts';
import { errorCatalogue } from '../../../domain/errors.ts';
import type { SkillLife, SkillVersion } from '../../../domain/skills/life.ts';
import { CLEAN_RUNS } from '../../../domain/skills/quarantine.ts';
import { currentVersions, type SkillView } from '../../../domain/skills/view.ts';
import { askAgain } from '../../ask-again.ts';
import type { CliDeps } from '../../command.ts';
import { plainLine, plainText } from '../../plain-text.ts';
import { describeRun, evidenceCard } from '../../skill-card.ts';
import { createSkillsClient, type SkillsClient } from '../../skills-client.ts';

type ShowOptions = { follow?: true; code?: true; json?: true };

/** How soon `--follow` shows a change. */
const lookMs = 300;

const examples = `
Examples:
  talos skills show csv-summary
  talos skills show csv-summary --code
  talos skills show csv-summary --follow    each step of quarantine, until it needs you`;

/** `talos skills show`: the evidence of a skill, or its steps as they come. */
export function addSkillShow(skills: Command, deps: CliDeps): void {
  skills
    .command('show')
    .description('show where a skill stands, and the evidence')
    .argument('<id>', 'its name')
    .option('-f, --follow', 'show each change until the skill needs you, or Ctrl-C')
    .option('--code', 'show its files, too')
    .option('--json', 'print it as JSON; with --follow one object for each change')
    .addHelpText('after', examples)
    .action(async (id: string, options: ShowOptions) => {
      const client = createSkillsClient(homePaths(deps.config()).apiSocket);
      if (options.follow === true) return follow({ id, client, deps, isJson: options.json === true });
      const view = await client.view(id);
      if (options.json === true) deps.output.json(view);
      else printSkill(view, { deps, withCode: options.code === true });
    });
}

function printSkill(view: SkillView, { deps, withCode }: { deps: CliDeps; withCode: boolean }): void {
  const { life, shown, certificate, trouble, files = {} } = view;
  for (const version of currentVersions(life)) {
    const isShown = version.hash === shown;
    const seen = isShown ? view : { life, shown, ...(trouble && { trouble }) };
    for (const line of evidenceCard(seen, version)) deps.output.line(line);
    deps.output.line();
  }
  if (certificate !== undefined) {
    const at = new Date(certificate.body.promotedAt).toISOString();
    deps.output.line(
      `Promoted ${at} by ${plainLine(certificate.body.approver)}; check it: talos skills verify ${life.id}`,
    );
  }
  for (const { version, state, reason = '' } of life.past) {
    deps.output.line(`before: ${plainLine(version, 20)} ${state} ${plainLine(reason, 200)}`.trimEnd());
  }
  if (!withCode) return;
  for (const [path, text] of Object.entries(files)) deps.output.line(`\n--- ${plainLine(path)}\n${plainText(text)}`);
}

type Following = {
  readonly id: string;
  readonly client: SkillsClient;
  readonly deps: CliDeps;
  readonly isJson: boolean;
};

async function follow({ id, client, deps, isJson }: Following): Promise<void> {
  const signal = deps.following();
  const told = new Set<string>();
  const onBreak = (): void => deps.output.note('The connection broke; trying again.');
  let last = '';
  let look = () => client.view(id); // one that is not there from the first is told at once
  for (;;) {
    const { life } = await look();
    look = () => askAgain(() => client.view(id), { signal, onBreak });
    const now = describe(life);
    if (now !== last && isJson) deps.output.line(JSON.stringify(life));
    if (now !== last && !isJson) for (const line of [...newRuns(life, told), now]) deps.output.line(line);
    last = now;
    const { candidate } = life;
    if (candidate === undefined) return;
    if (candidate.state === 'awaiting-approval') {
      if (!isJson) deps.output.line(`It needs you: talos skills approve ${id}`);
      return;
    }
    await pause(lookMs, undefined, { signal }).catch(() => undefined); // Ctrl-C ends the wait and with it the command
    if (deps.interrupted().aborted) deps.setExitCode(errorCatalogue.RUN_STOPPED.exitCode);
    if (signal.aborted) return;
  }
}

/** The clean runs nobody was told of yet: all of them may come between two looks. */
function newRuns({ candidate }: SkillLife, told: Set<string>): string[] {
  const runs = candidate?.runs ?? [];
  const lines = runs.map((run, index) => [run.runId, `${index + 1}/${CLEAN_RUNS} ${describeRun(run)}`] as const);
  const fresh = lines.filter(([runId]) => !told.has(runId));
  for (const [runId] of fresh) told.add(runId);
  return fresh.map(([, line]) => plainLine(line, 300));
}

function describe(life: SkillLife): string {
  return currentVersions(life).map(describeVersion).join('\n');
}

function describeVersion({ version, state, runs, strikes, reason }: SkillVersion): string {
  const isTested = state === 'quarantined' || state === 'running';
  const progress = isTested ? ` ${runs.length}/${CLEAN_RUNS} clean runs` : '';
  const struck = strikes.length === 0 ? '' : `, ${strikes.length} strikes`;
  return `${plainLine(version, 20)} ${state}${progress}${struck}${reason === undefined ? '' : `: ${plainLine(reason, 200)}`}`;
}
