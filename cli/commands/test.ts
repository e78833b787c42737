import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Command } from 'commander';

import { parseConfig } from '../../domain/config/parse.ts';
import type { CliDeps } from '../command.ts';
import { engineSource } from '../engine-source.ts';
import { countTests } from '../test-counts.ts';
import type { TestCounts } from '../test-counts.ts';

/** The scripts of package.json that check everything but behaviour, quickest to mend first. */
const staticChecks = ['format', 'lint', 'types', 'imports', 'unused'] as const;

type Outcome = { readonly name: string; readonly isGood: boolean; readonly seconds: number };

/** `talos test`: all checks of the project, or, with arguments, vitest alone with them. */
export function addTestCommand(program: Command, deps: CliDeps): void {
  program
    .command('test')
    .description('run all checks and tests; arguments after -- run vitest alone with them')
    .argument('[vitest...]', 'for example: -- --project unit')
    .addHelpText(
      'after',
      '\nThe last line is "<n> passed, <n> failed"; the exit code is 1 when a check or test failed.',
    )
    .action(async (words: string[]) => {
      const outcomes: Outcome[] = [];
      if (words.length === 0) await getMissingEngines(deps);
      for (const name of words.length === 0 ? staticChecks : []) {
        outcomes.push(await timed(name, deps, () => run(['--run', name], deps)));
      }
      const counts = await runTests(words, outcomes, deps);
      if (outcomes.some((outcome) => !outcome.isGood) || counts.failed > 0) deps.setExitCode(1);
      deps.output.line();
      deps.output.table(
        ['CHECK', 'RESULT', 'SECONDS'],
        outcomes.map(({ name, isGood, seconds }) => [name, isGood ? 'ok' : 'FAILED', seconds.toFixed(1)]),
      );
      deps.output.line(`\n${counts.passed} passed, ${counts.failed} failed`);
    });
}

/** The tests start engines of their own; getting them first shows how that goes. */
async function getMissingEngines(deps: CliDeps): Promise<void> {
  const config = parseConfig(deps.processEnvironment);
  const located = await Promise.all(
    engineSource.all.map(async (engine) => ({ engine, location: await engine.locate(config) })),
  );
  const missing = located.flatMap(({ engine, location }) => (location.kind === 'missing' ? [engine.name] : []));
  if (missing.length === 0) return;
  await engineSource.get(missing, config, {
    signal: deps.interrupted(),
    progress: ({ engine, text, fraction }) =>
      deps.output.progress(engine, text, fraction === undefined ? {} : { fraction }),
  });
}

async function runTests(words: readonly string[], outcomes: Outcome[], deps: CliDeps): Promise<TestCounts> {
  const folder = mkdtempSync(join(tmpdir(), 'talos-report-'));
  const report = join(folder, 'report.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const vitest = join(deps.root, 'node_modules/vitest/vitest.mjs');
  try {
    const outcome = await timed('tests', deps, () => run([vitest, 'run', ...reporters, ...words], deps));
    outcomes.push(outcome);
    return countTests(readOrUndefined(report), outcome.isGood);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function timed(name: string, deps: CliDeps, check: () => Promise<boolean>): Promise<Outcome> {
  deps.output.line(`== ${name}`);
  const startedAt = performance.now();
  const isGood = await check();
  return { name, isGood, seconds: (performance.now() - startedAt) / 1000 };
}

/** Runs Node in the folder of the program on this terminal; true when it ended well. An interruption is passed on. */
async function run(words: readonly string[], deps: CliDeps): Promise<boolean> {
  const interrupted = deps.interrupted();
  if (interrupted.aborted) return false;
  const child = spawn(process.execPath, [...words], {
    cwd: deps.root,
    stdio: 'inherit',
    env: deps.processEnvironment,
  });
  const stop = (): void => void child.kill('SIGTERM');
  interrupted.addEventListener('abort', stop, { once: true });
  const isGood = await new Promise<boolean>((resolve) => {
    child.once('error', () => resolve(false));
    child.once('exit', (code) => resolve(code === 0));
  });
  interrupted.removeEventListener('abort', stop);
  return isGood;
}

function readOrUndefined(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // vitest ended before it wrote its report
  }
}
