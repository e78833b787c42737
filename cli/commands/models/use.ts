import { type Command, Option } from 'commander';

import { homePaths } from '../../../domain/config/paths.ts';
import { modelUses } from '../../../domain/models/store.ts';
import type { CliDeps } from '../../command.ts';
import { createModelsClient } from '../../models-client.ts';

const useHelp = `
The choice is kept over restarts; to go back, choose the model of the settings. The embedding model cannot be chosen this way: memories
belong to the one they were made with.

Examples:
  talos models use mistral:7b
  talos models use qwen2.5vl:7b --for vision`;

/** `talos models use`: another installed model does the work from the next message on. */
export function addModelUse(models: Command, deps: CliDeps): void {
  models
    .command('use')
    .description('choose another installed model, from the next message on')
    .argument('<name>', 'its name, as `models ls` shows it')
    .addOption(new Option('--for <use>', 'what it is used for').choices(modelUses).default('chat'))
    .option('--json', 'print the model as JSON')
    .addHelpText('after', useHelp)
    .action(async (name: string, { for: use, json }: { for: string; json?: true }) => {
      const model = await createModelsClient(homePaths(deps.config()).apiSocket).use(name, use);
      if (json === true) deps.output.json(model);
      else deps.output.line(`${model.name} is used for ${use} from the next message on.`);
    });
}
