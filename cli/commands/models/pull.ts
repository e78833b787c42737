import type { Command } from 'commander';

import { homePaths } from '../../../domain/config/paths.ts';
import { errorCatalogue, isErrorCode, TalosError } from '../../../domain/errors.ts';
import type { ModelPull } from '../../../domain/models/pull.ts';
import { formatBytes } from '../../../domain/format-bytes.ts';
import type { CliDeps } from '../../command.ts';
import { followPull } from '../../follow-pull.ts';
import { createModelsClient } from '../../models-client.ts';
import { plainLine } from '../../plain-text.ts';
import { pullText } from '../../pull-text.ts';

const pullHelp = `
Ctrl-C leaves the pull running in the background; the same command again shows it again. It goes on after a restart of Talos.

Examples:
  talos models pull qwen2.5-coder:7b
  talos models pull http://127.0.0.1:5000/library/tiny`;

/** `talos models pull` and `stop`. */
export function addModelPull(models: Command, deps: CliDeps): void {
  const client = () => createModelsClient(homePaths(deps.config()).apiSocket);
  models
    .command('pull')
    .description('pull a model and show how far it is')
    .argument('<name>', 'its name, such as qwen2.5-coder:7b')
    .option('--json', 'print the pull as JSON when it has ended')
    .addHelpText('after', pullHelp)
    .action(async (name: string, { json }: { json?: true }) => {
      const interrupted = deps.interrupted();
      const begun = await client().pull(name);
      const pull = await followPull({
        client: client(),
        begun,
        signal: interrupted,
        onChange: (now) => showProgress(now, deps),
        onBreak: () => deps.output.note('The connection broke; trying again.'),
      });
      if (json === true) deps.output.json(pull);
      tellEnd(pull, { deps, json: json === true });
    });
  models
    .command('stop')
    .description('stop a pull; what has come is kept for the next one')
    .argument('<name>', 'its name, as `models ls` shows it')
    .option('--json', 'print the pull as JSON')
    .addHelpText('after', '\nExamples:\n  talos models stop qwen2.5-coder:7b')
    .action(async (name: string, { json }: { json?: true }) => {
      const pull = await client().stop(name);
      if (json === true) deps.output.json(pull);
      else deps.output.line(stopText(pull));
    });
}

function showProgress(pull: ModelPull, { output }: CliDeps): void {
  if (pull.state !== 'running') return;
  output.progress(pull.model, pullText(pull), pull.totalBytes === 0 ? {} : { fraction: pull.percent / 100 });
}

function tellEnd(pull: ModelPull, { deps, json }: { deps: CliDeps; json: boolean }): void {
  const { model, state, error, totalBytes } = pull;
  switch (state) {
    case 'running':
      deps.output.note(`The pull of ${model} goes on in the background. To stop it: talos models stop ${model}`);
      deps.setExitCode(errorCatalogue.RUN_STOPPED.exitCode);
      return;
    case 'done':
      deps.output.progress(model, formatBytes(totalBytes), { fraction: 1, done: true });
      if (!json) deps.output.line(`${model} is installed (${formatBytes(totalBytes)}).`);
      return;
    case 'cancelled':
      throw new TalosError('RUN_STOPPED', `The pull of ${model} was stopped; what has come of it is kept.`);
    case 'failed': {
      const code = error !== undefined && isErrorCode(error.code) ? error.code : 'PULL_FAILED';
      throw new TalosError(code, plainLine(error?.message ?? 'The pull failed.', 500));
    }
  }
}

function stopText({ model, state }: ModelPull): string {
  if (state === 'running') return `The pull of ${model} is being stopped; what has come of it is kept.`;
  return `The pull of ${model} had ended: ${state}.`;
}
