import { z } from 'zod';

import { forgottenPulls, ModelPull } from '../domain/models/pull.ts';
import { type ModelChoices, type ModelPulls, modelUses } from '../domain/models/store.ts';
import { follow } from './follow.ts';
import type { RedisConnections } from './redis.ts';

/** Pulls of models in Redis. Of one that is not stored as Talos writes it nothing is known: the next pull of that model writes it anew. */
export function createModelPulls(redis: RedisConnections): ModelPulls {
  const { keys, call, wakeUps } = redis;

  async function get(model: string): Promise<ModelPull | undefined> {
    const json = await call((c) => c.hget(keys.modelPulls, model));
    return json === null ? undefined : read(json);
  }

  async function list(): Promise<ModelPull[]> {
    const found = (await call((c) => c.hvals(keys.modelPulls))).flatMap((json) => read(json) ?? []);
    return found.toSorted((a, b) => b.startedAt - a.startedAt);
  }

  async function forget(): Promise<void> {
    const forgotten = forgottenPulls(await list());
    if (forgotten.length > 0) await call((c) => c.hdel(keys.modelPulls, ...forgotten));
  }

  return {
    get,
    list,

    async put(pull) {
      const json = JSON.stringify(ModelPull.parse(pull));
      await call((c) =>
        c.multi().hset(keys.modelPulls, pull.model, json).publish(keys.wakeUps, keys.modelPulls).exec(),
      );
      if (pull.state !== 'running') await forget();
    },

    async *follow(model, signal) {
      const watch = await wakeUps.watch(keys.modelPulls);
      yield* changesOf(() => get(model), { watch, signal });
    },
  };
}

function read(text: string): ModelPull | undefined {
  try {
    return ModelPull.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

type Waiting = Pick<Parameters<typeof follow>[0], 'watch' | 'signal'>;

/** A pull as it is and whenever it has changed, until it has ended. */
export async function* changesOf(
  get: () => Promise<ModelPull | undefined>,
  waiting: Waiting,
): AsyncGenerator<ModelPull, void> {
  let seen = '';
  const read = async () => {
    const pull = await get();
    const json = JSON.stringify(pull);
    if (pull === undefined || json === seen) return { items: [], more: false };
    seen = json;
    return { items: [pull], more: false };
  };
  for await (const pull of follow({ ...waiting, read })) {
    yield pull;
    if (pull.state !== 'running') return;
  }
}

const Choices = z.partialRecord(z.enum(modelUses), z.string());

/** Models the owner has chosen, in Redis. */
export function createModelChoices({ keys, call }: RedisConnections): ModelChoices {
  return {
    get: async () => Choices.parse(await call((c) => c.hgetall(keys.modelChoice))),

    async set(use, model) {
      if (model === undefined) await call((c) => c.hdel(keys.modelChoice, use));
      else await call((c) => c.hset(keys.modelChoice, use, model));
    },
  };
}
