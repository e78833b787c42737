import { randomUUID } from 'node:crypto';

import type { Command } from 'commander';

import { homePaths } from '../../../domain/config/paths.ts';
import { checkSkillId } from '../../../domain/skills/skill-name.ts';
import type { CliDeps } from '../../command.ts';
import { plainText } from '../../plain-text.ts';
import { readSkillInput } from '../../skill-input.ts';
import { runFailure, runToEnd } from '../../skill-run-end.ts';
import { createSkillsClient } from '../../skills-client.ts';
import type { ChatInput } from '../chat.ts';

const examples = `
Examples:
  talos skills run date-arithmetic --input '{"date":"2026-02-27","add":{"days":3}}'
  talos skills run csv-summary --input @table.json
  cat table.json | talos skills run csv-summary
  talos skills run hello --input '{"text":"one two"}' --json    the whole record, with verdict and log`;

/** `talos skills run`: runs an active skill and prints what it gives. */
export function addSkillRun(skills: Command, deps: CliDeps, input: ChatInput): void {
  skills
    .command('run')
    .description('run an active skill')
    .argument('<id>', 'its name')
    .option('--input <json>', 'its input: JSON, @file, or - for standard input')
    .option('--json', 'print the whole record of the run as JSON')
    .addHelpText('after', examples)
    .action(async (skill: string, options: { input?: string; json?: true }) => {
      const ref = { skill: checkSkillId(skill), key: randomUUID() };
      const value = await readSkillInput(options.input, input);
      const client = createSkillsClient(homePaths(deps.config()).apiSocket);
      const signal = deps.interrupted();
      const record = await runToEnd({ client, ref, signal, begin: () => client.run(ref, value, signal) });
      if (options.json === true) deps.output.json(record);
      const failure = runFailure(record);
      if (failure !== undefined) throw failure;
      if (options.json !== true) deps.output.line(plainText(JSON.stringify(record.output, undefined, 2) ?? ''));
    });
}
