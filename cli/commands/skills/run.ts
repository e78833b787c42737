import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import type { Command } from 'commander';

import { homePaths } from '../../../domain/config/paths.ts';
import { TalosError } from '../../../domain/errors.ts';
import { parseJsonText } from '../../../domain/json-text.ts';
import type { JsonValue } from '../../../domain/json.ts';
import type { CliDeps } from '../../command.ts';
import { plainText } from '../../plain-text.ts';
import { runFailure, runToEnd } from '../../skill-run-end.ts';
import { createSkillsClient } from '../../skills-client.ts';
import type { ChatInput } from '../chat.ts';

const examples = `
Examples:
  talos skills run date-arithmetic --input '{"date":"2026-02-27","add":{"days":3}}'
  talos skills run csv-summary --input @table.json
  cat table.json | talos skills run csv-summary
  talos skills run hello --input '{"text":"one two"}' --json    the whole record, with verdict and log`;

/** Deepest nesting of an input. */
const mostLevels = 64;

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
      const value = await readInput(options.input, input);
      const client = createSkillsClient(homePaths(deps.config()).apiSocket);
      const ref = { skill, key: randomUUID() };
      const signal = deps.interrupted();
      const record = await runToEnd({ client, ref, signal, begin: () => client.run(ref, value, signal) });
      if (options.json === true) deps.output.json(record);
      const failure = runFailure(record);
      if (failure !== undefined) throw failure;
      if (options.json !== true) deps.output.line(plainText(JSON.stringify(record.output, undefined, 2) ?? ''));
    });
}

async function readInput(given: string | undefined, input: ChatInput): Promise<JsonValue> {
  if (given === undefined && input.isTTY === true) {
    throw new TalosError('VALIDATION_FAILED', `The skill needs an input; for example: --input '{"text":"hello"}'`);
  }
  const text = await textOf(given ?? '-', input);
  const parsed = parseJsonText(text, mostLevels);
  if (parsed.ok) return parsed.value;
  throw new TalosError('VALIDATION_FAILED', `The input is no JSON that can be taken: ${plainText(parsed.reason)}.`);
}

async function textOf(given: string, input: ChatInput): Promise<string> {
  if (given === '-') {
    const chunks: Buffer[] = [];
    for await (const chunk of input) chunks.push(Buffer.from(chunk));
    return Buffer.concat(chunks).toString('utf8');
  }
  if (!given.startsWith('@')) return given;
  return readFile(given.slice(1), 'utf8').catch((cause: unknown) => {
    throw new TalosError('NOT_FOUND', `${given.slice(1)} cannot be read: ${String(cause)}`, { cause });
  });
}
