import type { Command } from 'commander';

import type { CliDeps } from '../command.ts';
import { addModelList } from './models/list.ts';
import { addModelPull } from './models/pull.ts';
import { addModelRemove } from './models/remove.ts';
import { addModelUse } from './models/use.ts';

/** `talos models`: what the owner does with models, one verb each. */
export function addModelsCommand(program: Command, deps: CliDeps): void {
  const models = program.command('models').description('list, pull, choose and remove models');
  addModelList(models, deps);
  addModelPull(models, deps);
  addModelUse(models, deps);
  addModelRemove(models, deps);
}
