import { Option } from 'commander';
import type { Command } from 'commander';

import { startStack } from '../../infra/stack.ts';
import type { CliDeps } from '../command.ts';
import { startDetached } from '../detached-up.ts';
import { engineSource } from '../engine-source.ts';
import { readySummary } from '../ready-summary.ts';
import { reportToParent, reportToTerminal, toFailedMessage } from '../up-report.ts';
import type { UpMessage, UpReport } from '../up-report.ts';

type UpOptions = { detach?: true; reportToParent?: true };

/** `talos up`: gets what is missing, starts everything, and stays until it is told to stop. */
export function addUpCommand(program: Command, deps: CliDeps): void {
  program
    .command('up')
    .description('start Talos; gets what is missing first')
    .option('-d, --detach', 'return when Talos is ready and leave it running')
    .addOption(new Option('--report-to-parent').hideHelp())
    .addHelpText('after', '\nCtrl-C stops everything in order; a second Ctrl-C at once.')
    .action(async (options: UpOptions) => {
      if (options.detach === true) await startDetached(deps);
      else if (options.reportToParent === true) await runForParent(deps);
      else await run(deps, reportToTerminal(deps.output));
    });
}

async function run(deps: CliDeps, report: UpReport): Promise<void> {
  const { processEnvironment: environment, root, output } = deps;
  const signal = deps.interrupted();
  const stack = await startStack({ environment, root, engines: engineSource, report, signal });
  report.ready(readySummary(stack, environment));
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  output.note('Stopping Talos (Ctrl-C again ends it at once)');
  await stack.stop();
  output.note('Talos has stopped.');
}

/** The detached process: what it says goes over the channel while the other side listens. */
async function runForParent(deps: CliDeps): Promise<void> {
  const send = (message: UpMessage): Promise<void> =>
    new Promise((resolve) => {
      if (process.connected) process.send?.(message, undefined, undefined, () => resolve()); // the reader may have gone
      else resolve();
    });
  try {
    await run(
      deps,
      reportToParent((message) => void send(message)),
    );
  } catch (error) {
    await send(toFailedMessage(error));
    throw error;
  } finally {
    if (process.connected) process.disconnect();
  }
}
