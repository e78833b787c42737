import { randomUUID } from 'node:crypto';

import { type Command, InvalidArgumentError, Option } from 'commander';

import { homePaths } from '../../domain/config/paths.ts';
import type { CliDeps } from '../command.ts';
import { formatAge } from '../format-age.ts';
import { plainLine, plainText } from '../plain-text.ts';
import { runFacts } from '../skill-run-facts.ts';
import { runFailure, runToEnd } from '../skill-run-end.ts';
import { createSkillsClient, type RunSummary } from '../skills-client.ts';

const listHelp = `
Examples:
  talos runs ls csv-summary
  talos runs ls csv-summary --failed --limit 200`;

const retryHelp = `
The same version of the skill may run now or a newer one; the input is the same.

Examples:
  talos runs retry csv-summary 0b8e0a2e-7a53-4c8f-9f0b-3b1c1a0d2f11`;

/** The most runs the API lists at once. */
const mostListed = 200;

/** `talos runs`, which is also `talos skills runs`: runs of skills, what came of them, and the way to repeat what failed. */
export function addRunsCommand(parent: Command, deps: CliDeps): void {
  const runs = parent.command('runs').description('list runs of skills, look at one, retry what failed');
  const client = () => createSkillsClient(homePaths(deps.config()).apiSocket);
  runs
    .command('ls')
    .description('list the runs of a skill, the newest first')
    .argument('<id>', 'the name of the skill')
    .option('--failed', 'only those that failed')
    .addOption(new Option('--limit <count>', `how many at most, up to ${mostListed}`).argParser(parseLimit).default(50))
    .option('--json', 'print the list as JSON')
    .addHelpText('after', listHelp)
    .action(async (id: string, options: { failed?: true; limit: number; json?: true }) => {
      const list = await client().runs(id, { failed: options.failed === true, limit: options.limit });
      if (options.json === true) deps.output.json({ runs: list });
      else printRuns(list, deps);
    });
  runs
    .command('show')
    .description('show verdict, blame, resources, hosts asked and the end of the log of one run')
    .argument('<id>', 'the name of the skill')
    .argument('<key>', 'the key of the run, as `runs ls` shows it')
    .option('--json', 'print the record as JSON')
    .addHelpText('after', '\nExamples:\n  talos runs show csv-summary 0b8e0a2e-7a53-4c8f-9f0b-3b1c1a0d2f11')
    .action(async (skill: string, key: string, options: { json?: true }) => {
      const record = await client().record({ skill, key });
      if (options.json === true) deps.output.json(record);
      else for (const line of runFacts(record)) deps.output.line(line);
    });
  runs
    .command('retry')
    .description('run again what failed, with the same input')
    .argument('<id>', 'the name of the skill')
    .argument('<key>', 'the key of the run, as `runs ls` shows it')
    .option('--json', 'print the record of the new run as JSON')
    .addHelpText('after', retryHelp)
    .action(async (skill: string, key: string, options: { json?: true }) => {
      const ref = { skill, key: randomUUID() };
      const signal = deps.interrupted();
      const skills = client();
      const begin = () => skills.retry({ skill, key }, ref.key, signal);
      const record = await runToEnd({ client: skills, ref, signal, begin });
      if (options.json === true) deps.output.json(record);
      const failure = runFailure(record);
      if (failure !== undefined) throw failure;
      if (options.json !== true) deps.output.line(plainText(JSON.stringify(record.output, undefined, 2) ?? ''));
    });
}

function parseLimit(text: string): number {
  const limit = Number(text);
  if (/^\d{1,3}$/.test(text) && limit >= 1 && limit <= mostListed) return limit;
  throw new InvalidArgumentError(`It must be a whole number from 1 to ${mostListed}.`);
}

function printRuns(list: readonly RunSummary[], { output }: CliDeps): void {
  if (list.length === 0) return output.note('There is none.');
  const now = Date.now();
  output.table(
    ['KEY', 'STATE', 'VERDICT', 'BLAME', 'MS', 'AGO', 'WHY'],
    list.map(({ key, state, createdAt, result }) => [
      key,
      state,
      result?.verdict ?? '',
      result?.blame ?? '',
      result?.resources === undefined ? '' : String(Math.round(result.resources.wallMs)),
      formatAge(now - createdAt),
      plainLine(result?.error?.message ?? ''),
    ]),
  );
}
