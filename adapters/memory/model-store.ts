import { TalosError } from '../../domain/errors.ts';
import { readModelName } from '../../domain/models/name.ts';
import type { PullEvent } from '../../domain/models/pull.ts';
import type { ModelDescription, ModelStore } from '../../domain/models/store.ts';

/** A model a registry in memory offers. */
export type OfferedModel = { readonly sizeBytes: number; readonly can?: readonly string[] };

type Options = {
  /** What registries offer, by listed name. */
  readonly offered: Readonly<Record<string, OfferedModel>>;
  /** Thrown once half of a model has come, at the first so many pulls. */
  readonly failure?: { readonly error: TalosError; readonly times: number };
  /** Awaited before each event, to hold a pull where a test wants it. */
  readonly beforeEvent?: (signal: AbortSignal) => Promise<unknown>;
};

const weightsOf = (sizeBytes: number): string => `sha256:${sizeBytes.toString(16).padStart(64, '0')}`;

/** A store of models in memory. */
export function createMemoryModelStore({ offered, failure, beforeEvent = async () => {} }: Options): ModelStore {
  const installed = new Map<string, ModelDescription>();
  let failuresLeft = failure?.times ?? 0;

  return {
    async *pull({ asked, host }, signal): AsyncGenerator<PullEvent, void> {
      const { listed } = readModelName(asked);
      const model = offered[listed];
      if (model === undefined) throw new TalosError('MODEL_UNKNOWN', `${host} has no model ${asked}.`);
      const { sizeBytes, can = ['completion'] } = model;
      const weights = weightsOf(sizeBytes);
      const manifest = weights.slice('sha256:'.length);
      yield { type: 'manifest', digest: manifest, layers: [{ digest: weights, totalBytes: sizeBytes }] };
      for (const completedBytes of [Math.floor(sizeBytes / 2), sizeBytes]) {
        await beforeEvent(signal);
        signal.throwIfAborted();
        yield { type: 'layer', digest: weights, totalBytes: sizeBytes, completedBytes };
        if (failure !== undefined && failuresLeft > 0) {
          failuresLeft -= 1;
          throw failure.error;
        }
      }
      yield { type: 'verifying' };
      installed.set(listed, { name: listed, digest: manifest, sizeBytes, files: [weights], can });
    },
    remove: async (model) => installed.delete(model),
    list: async () => [...installed.values()].map(({ name, digest, sizeBytes }) => ({ name, digest, sizeBytes })),
    describe: async (model) => installed.get(model),
  };
}
