import { onTestFinished } from 'vitest';

import { createModelMachine } from '../../../adapters/model-machine.ts';
import { createOllama } from '../../../adapters/ollama.ts';
import { createOllamaStore } from '../../../adapters/ollama-store.ts';
import { readModelName } from '../../../domain/models/name.ts';
import { freshPull, type ModelPull } from '../../../domain/models/pull.ts';
import type { ModelMachine } from '../../../domain/models/store.ts';
import { modelFile } from '../../support/model-file.ts';
import { createModelTwins } from '../../support/model-twins.ts';
import { type RegistryFaults, startRegistry } from '../../support/registry.ts';
import type { TestStack } from '../../support/stack.ts';
import { startTalos } from '../../support/talos.ts';
import type { OwnOllama } from '../ollama/own-ollama.ts';

type Options = {
  readonly ollama: OwnOllama;
  readonly faults?: RegistryFaults;
  readonly machine?: Partial<ModelMachine>;
  readonly file?: Buffer;
  readonly now?: () => number;
};

/** A Talos that pulls into a real Ollama from a registry of its own. */
export async function startPulling(
  stack: TestStack,
  { ollama, faults = {}, machine = {}, file = modelFile(), now = Date.now }: Options,
) {
  const registry = await startRegistry({ 'tiny:latest': file }, { faults });
  const store = createOllamaStore({ url: ollama.url });
  const models = createModelTwins(
    {},
    { store, machine: { ...createModelMachine({ folder: ollama.models }), ...machine } },
  );
  const talos = await startTalos(stack, {
    modelPorts: models,
    night: { now },
    wrap: (ports) => ({ ...ports, model: createOllama({ url: ollama.url }) }),
  });
  const stop = await talos.serve('core');
  onTestFinished(async () => {
    await talos.close();
    await store.remove(registry.listed());
    await registry.close();
  });
  const name = readModelName(registry.name());

  async function until(accepts: (pull: ModelPull) => boolean, model = name.listed): Promise<ModelPull> {
    for await (const pull of models.pulls.follow(model, AbortSignal.timeout(30_000))) if (accepts(pull)) return pull;
    throw new Error('the pull ended otherwise');
  }

  return {
    ...talos,
    registry,
    store,
    models,
    name,
    until,
    /** Stops the worker in order. */
    stop,
    /** Starts a pull as the API does. */
    async start(asked = registry.name()) {
      const wanted = readModelName(asked);
      await models.pulls.put(freshPull(wanted, Date.now()));
      await talos.pullRuntime.startPull({ name: wanted, by: 'owner' });
    },
    ended: (model?: string) => until(({ state }) => state !== 'running', model),
    /** What the audit has of pulls. */
    audited: () => talos.ports.audited.events().filter(({ type }) => type === 'model-pulled'),
  };
}
