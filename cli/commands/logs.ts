import { existsSync } from 'node:fs';

import { type Command, InvalidArgumentError, Option } from 'commander';

import { TalosError } from '../../domain/errors.ts';
import { LogLevel, type LogLine } from '../../domain/log.ts';
import type { CliDeps } from '../command.ts';
import { followLogs, mostBackfill } from '../follow-logs.ts';
import { readLogFiles } from '../log-files.ts';
import { acceptsLine, formatLogLine } from '../log-line.ts';
import { neverStarted } from '../started-home.ts';

type LogsOptions = { follow?: true; level: LogLevel; component?: string; lines: number; json?: true };

const examples = `
Examples:
  talos logs                            the last 50 lines, also when Talos is down
  talos logs --follow --level warn      what goes wrong, as it happens
  talos logs --component api --lines 200
  talos logs --json | grep kitchen      one JSON object per line`;

/** `talos logs`: prints the operations log. */
export function addLogsCommand(program: Command, deps: CliDeps): void {
  program
    .command('logs')
    .description('print the operations log')
    .option('-f, --follow', 'go on with new lines until Ctrl-C')
    .addOption(new Option('--level <level>', 'least severe level').choices(LogLevel.options).default('trace'))
    .option('--component <name>', 'lines of this component only, such as api or worker-gpu')
    .option('--lines <number>', 'lines from before', parseLines, 50)
    .option('--json', 'print lines as JSON')
    .addHelpText('after', examples)
    .action(async (options: LogsOptions) => {
      const paths = deps.paths();
      const wanted = {
        level: options.level,
        ...(options.component === undefined ? {} : { component: options.component }),
      };
      const print = (line: LogLine): void =>
        deps.output.line(options.json === true ? JSON.stringify(line) : formatLogLine(line));
      const printStored = async (): Promise<void> => {
        const filter = { accepts: acceptsLine(wanted), lines: options.lines };
        const stored = await readLogFiles(paths.operations, filter);
        for (const line of stored) print(line);
        if (stored.length === 0 && !existsSync(paths.operations)) throw neverStarted(paths);
        if (stored.length === 0) deps.output.note(`There is no such line in ${paths.operations}.`);
      };
      if (options.follow !== true) return await printStored();
      try {
        const signal = deps.following();
        const lines = Math.min(options.lines, mostBackfill);
        if (lines < options.lines)
          deps.output.note(`With --follow the last ${mostBackfill} lines are the most there are.`);
        const onBreak = (): void => deps.output.note('The connection broke; trying again.');
        for await (const line of followLogs(paths.apiSocket, { ...wanted, lines, signal, onBreak })) print(line);
      } catch (error) {
        const isDown = error instanceof TalosError && error.code === 'NOT_RUNNING';
        if (!isDown || error.details['wasConnected'] === true) throw error;
        await printStored();
        deps.output.note('Talos is not running: these are the last lines it wrote.');
      }
    });
}

function parseLines(text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw new InvalidArgumentError('It must be a whole number up to 99999.');
  return Number(text);
}
