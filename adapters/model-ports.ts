import type { NativeConnection } from '@temporalio/worker';

import type { Config } from '../domain/config/parse.ts';
import { engineAddresses, homePaths } from '../domain/config/paths.ts';
import type { ModelPorts } from '../domain/models/store.ts';
import { createModelMachine } from './model-machine.ts';
import { createModelChoices, createModelPulls } from './model-pulls.ts';
import { createOllamaStore } from './ollama-store.ts';
import type { RedisConnections } from './redis.ts';
import { createTemporalPulls } from './temporal-pulls.ts';

type Options = {
  readonly config: Config;
  readonly connection: NativeConnection;
  readonly redis: RedisConnections;
};

/** Everything the management of models stands on in this process. */
export function createModelPorts({ config, connection, redis }: Options): ModelPorts {
  const { engine, ollamaUrl, ollamaModelsDir } = config.models;
  const { namespace, taskQueue } = config.temporal;
  // The folder is only known where Talos starts Ollama itself.
  const folder = ollamaUrl === undefined ? (ollamaModelsDir ?? homePaths(config).ollamaData) : undefined;
  return {
    ...(engine === 'ollama' && { store: createOllamaStore({ url: engineAddresses(config).ollama }) }),
    pulls: createModelPulls(redis),
    choices: createModelChoices(redis),
    pullRuntime: createTemporalPulls({ connection, namespace, taskQueue }),
    machine: createModelMachine({ folder }),
  };
}
