import { writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';

import type { Command } from 'commander';

import { renderEnvExample, renderReference, settingRows, type SettingRow } from '../../domain/config/document.ts';
import { type ConfigProblem, type Environment, readConfig } from '../../domain/config/parse.ts';
import { homePaths } from '../../domain/config/paths.ts';
import { problemsTogether } from '../../domain/config/together.ts';
import { TalosError } from '../../domain/errors.ts';
import { hashPassword } from '../../infra/password-hash.ts';
import type { CliDeps } from '../command.ts';
import type { ChatInput } from './chat.ts';

const checkHelp = `
Examples:
  talos config check
  talos config check --json     every effective value and where it came from, without the secrets`;

const hashHelp = `
Examples:
  talos config hash
  pwgen 24 1 | talos config hash`;

/** `talos config check` and `talos config hash`; `config docs` writes what is generated from the schema. */
export function addConfigCommand(program: Command, deps: CliDeps, input: ChatInput = process.stdin): void {
  const config = program.command('config').description('check the configuration');
  config
    .command('check')
    .description('list everything that is wrong in the configuration')
    .option('--json', 'print problems and effective values as JSON')
    .addHelpText('after', checkHelp)
    .action((options: { json?: true }) => check(deps, options.json === true));
  config
    .command('hash')
    .description('read a password and print its hash for BASIC_AUTH_PASS')
    .addHelpText('after', hashHelp)
    .action(async () => deps.output.line(await hashPassword(checkPassword(await readPassword(input)))));
  config
    .command('docs', { hidden: true })
    .description('print the configuration reference')
    .option('--write', 'write it and .env.example into the program folder')
    .action(async (options: { write?: true }) => {
      if (options.write === true) await writeDocuments(deps);
      else deps.output.write(renderReference());
    });
}

function check(deps: CliDeps, asJson: boolean): void {
  const environment = deps.environment();
  const problems = problemsOf(environment);
  const settings = settingRows().flatMap(({ rows }) => rows);
  const unknown = unknownVariables(environment, deps.processEnvironment, settings);
  if (asJson) {
    deps.output.json({
      ok: problems.length === 0,
      problems,
      unknown,
      settings: settings.map((row) => effective(row, deps)),
    });
  }
  for (const name of unknown) deps.output.note(`talos.env sets ${name}, which is no setting of Talos.`);
  if (problems.length === 0) {
    if (!asJson) deps.output.line('OK');
    return;
  }
  throw new TalosError('CONFIG_INVALID', problems.map(describeProblem).join('\n'));
}

function problemsOf(environment: Environment): ConfigProblem[] {
  const result = readConfig(environment);
  if ('problems' in result) return result.problems;
  homePaths(result.config); // refuses a home whose path is too long
  return problemsTogether(result.config);
}

function describeProblem({ variable, problem, example }: ConfigProblem): string {
  return `${variable} ${problem}, for example ${variable}=${example}`;
}

/** Names only the file has and no setting: most of them are typing errors. */
function unknownVariables(all: Environment, own: Environment, settings: readonly SettingRow[]): string[] {
  const known = new Set(settings.flatMap(({ env, alias }) => [env, alias]));
  return Object.keys(all).filter((name) => own[name] === undefined && !known.has(name));
}

function effective({ env, alias, secret, default: standard }: SettingRow, deps: CliDeps) {
  const environment = deps.environment();
  const name = [env, alias ?? env].find((variable) => environment[variable]?.trim()) ?? env;
  const text = environment[name]?.trim() || undefined;
  const isOwn = (deps.processEnvironment[name]?.trim() ?? '') !== '';
  const source = text === undefined ? 'default' : isOwn ? 'environment' : 'file';
  if (secret === true) return { variable: env, source, secret: true, set: text !== undefined };
  return { variable: env, source, value: text ?? standard };
}

function checkPassword(password: string): string {
  const found = readConfig({ BASIC_AUTH_PASS: password });
  if ('problems' in found)
    throw new TalosError('VALIDATION_FAILED', `The password ${found.problems[0]?.problem ?? 'is not valid'}.`);
  if (password.length >= 16) return password;
  throw new TalosError('VALIDATION_FAILED', 'The password must have at least 16 characters.');
}

/** One line of standard input; on a terminal what is typed does not show. */
async function readPassword(input: ChatInput): Promise<string> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  if (input.isTTY === true) process.stderr.write('Password: ');
  const lines = createInterface({ input, output: silent, terminal: input.isTTY === true });
  try {
    for await (const line of lines) return line;
    return '';
  } finally {
    lines.close();
    if (input.isTTY === true) process.stderr.write('\n');
  }
}

async function writeDocuments(deps: CliDeps): Promise<void> {
  const documents = [
    [`${deps.root}/.env.example`, renderEnvExample()],
    [`${deps.root}/docs/configuration.md`, renderReference()],
  ] as const;
  for (const [path, text] of documents) {
    await writeFile(path, text);
    deps.output.line(path);
  }
}
