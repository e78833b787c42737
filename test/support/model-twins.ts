import { createMemoryModelChoices, createMemoryModelPulls } from '../../adapters/memory/model-pulls.ts';
import { createMemoryModelStore, type OfferedModel } from '../../adapters/memory/model-store.ts';
import type { ModelMachine, ModelPorts, PullRuntime } from '../../domain/models/store.ts';

/** A machine with a network and room enough. */
export const roomyMachine: ModelMachine = {
  freeBytes: async () => 100e9,
  bytesOnDisk: async () => 0,
  digestOnDisk: async (digest) => digest,
  isOnline: () => true,
};

/** Everything the management of models stands on, as twins; `offered` is what registries have. */
export function createModelTwins(
  offered: Readonly<Record<string, OfferedModel>> = {},
  changes: Partial<ModelPorts> = {},
) {
  return {
    store: createMemoryModelStore({ offered }),
    pulls: createMemoryModelPulls(),
    choices: createMemoryModelChoices(),
    pullRuntime: createMemoryPullRuntime(),
    machine: roomyMachine,
    ...changes,
  };
}

/** Remembers what was started and stopped, and pulls nothing. */
export function createMemoryPullRuntime() {
  const running = new Map<string, string>();
  const autopulls: unknown[] = [];
  return {
    /** Who wants which model. */
    running,
    autopulls,
    async startPull({ name, by }) {
      if (!running.has(name.listed)) running.set(name.listed, by);
    },
    stopPull: async (model) => running.delete(model),
    isPulling: async (model) => running.has(model),
    startAutopull: async (wanted) => void autopulls.push(wanted),
  } satisfies PullRuntime & Record<string, unknown>;
}
