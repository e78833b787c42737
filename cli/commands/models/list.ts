import type { Command } from 'commander';

import { homePaths } from '../../../domain/config/paths.ts';
import type { ModelPull } from '../../../domain/models/pull.ts';
import { formatBytes } from '../../../domain/format-bytes.ts';
import type { ModelView } from '../../../domain/models/view.ts';
import type { CliDeps } from '../../command.ts';
import { createModelsClient } from '../../models-client.ts';
import { plainLine } from '../../plain-text.ts';
import { pullLine } from '../../pull-text.ts';

/** `talos models ls`: what is installed, what it does, and what is on its way. */
export function addModelList(models: Command, deps: CliDeps): void {
  models
    .command('ls')
    .description('list installed models, what they do, and pulls that go on')
    .option('--json', 'print the list as JSON')
    .addHelpText('after', '\nExamples:\n  talos models ls')
    .action(async ({ json }: { json?: true }) => {
      const list = await createModelsClient(homePaths(deps.config()).apiSocket).list();
      if (json === true) return deps.output.json(list);
      deps.output.table(['MODEL', 'SIZE', 'LOADED', 'USED FOR'], list.models.map(rowOf));
      if (list.pulls.length === 0) return;
      deps.output.line();
      deps.output.table(['PULL', 'STATE', 'HOW FAR'], list.pulls.map(pullRow));
    });
}

function rowOf({ name, sizeBytes, loaded, usedFor }: ModelView): string[] {
  return [plainLine(name), formatBytes(sizeBytes), loaded ? 'yes' : '', usedFor.join(', ')];
}

function pullRow(pull: ModelPull): string[] {
  const why = pull.state === 'running' ? pullLine(pull) : (pull.error?.message ?? '');
  return [plainLine(pull.model), pull.state, plainLine(why)];
}
