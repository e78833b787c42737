import type { Command } from 'commander';

import { homePaths } from '../../../domain/config/paths.ts';
import type { CliDeps } from '../../command.ts';
import { createModelsClient } from '../../models-client.ts';

/** `talos models rm`: removes a model from disk and memory. */
export function addModelRemove(models: Command, deps: CliDeps): void {
  models
    .command('rm')
    .description('remove a model from disk and memory')
    .argument('<name>', 'its name, as `models ls` shows it')
    .option('--json', 'print what was removed as JSON')
    .addHelpText('after', '\nExamples:\n  talos models rm mistral:7b')
    .action(async (model: string, { json }: { json?: true }) => {
      await createModelsClient(homePaths(deps.config()).apiSocket).remove(model);
      if (json === true) deps.output.json({ model, removed: true });
      else deps.output.line(`${model} is removed.`);
    });
}
