import { forgottenPulls, type ModelPull } from '../../domain/models/pull.ts';
import type { ModelChoices, ModelPulls, ModelUse } from '../../domain/models/store.ts';
import { changesOf } from '../model-pulls.ts';
import { createWatchBoard } from '../watch.ts';

/** Pulls of models in memory. */
export function createMemoryModelPulls(): ModelPulls {
  const pulls = new Map<string, ModelPull>();
  const board = createWatchBoard();
  return {
    async put(pull) {
      pulls.set(pull.model, pull);
      for (const model of forgottenPulls([...pulls.values()])) pulls.delete(model);
      board.wake(pull.model);
    },
    get: async (model) => pulls.get(model),
    list: async () => [...pulls.values()].toSorted((a, b) => b.startedAt - a.startedAt),
    follow: (model, signal) => changesOf(async () => pulls.get(model), { watch: board.add(model), signal }),
  };
}

/** Choices of the owner in memory. */
export function createMemoryModelChoices(): ModelChoices {
  const chosen = new Map<ModelUse, string>();
  return {
    get: async () => Object.fromEntries(chosen),
    async set(use, model) {
      if (model === undefined) chosen.delete(use);
      else chosen.set(use, model);
    },
  };
}
