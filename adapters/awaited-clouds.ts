import type { AwaitedClouds } from '../domain/cloud/ports.ts';
import { AwaitedCloud } from '../domain/routing/departure.ts';
import type { RedisConnections } from './redis.ts';
import { fromJson } from './stored-json.ts';

/** Messages that wait for leave to go to the cloud, in one hash of Redis. */
export function createAwaitedClouds({ keys, call }: RedisConnections): AwaitedClouds {
  return {
    async add(awaited) {
      await call((c) => c.hset(keys.awaitedClouds, awaited.message, JSON.stringify(awaited)));
    },

    async remove(message) {
      await call((c) => c.hdel(keys.awaitedClouds, message));
    },

    async list() {
      const found = await call((c) => c.hvals(keys.awaitedClouds));
      return found
        .map((json) => fromJson(AwaitedCloud, json, 'A message that waits for leave to go to the cloud'))
        .toSorted((a, b) => a.askedAt - b.askedAt);
    },
  };
}
