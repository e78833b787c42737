import type { AwaitedCalls } from '../domain/skills/ports.ts';
import { AwaitedCall } from '../domain/skills/steps.ts';
import type { RedisConnections } from './redis.ts';
import { fromJson } from './stored-json.ts';

/** Calls that wait for the owner, in one hash of Redis. */
export function createAwaitedCalls({ keys, call }: RedisConnections): AwaitedCalls {
  return {
    async add(awaited) {
      await call((c) => c.hsetnx(keys.awaitedCalls, fieldOf(awaited), JSON.stringify(awaited)));
    },

    async remove(awaited) {
      await call((c) => c.hdel(keys.awaitedCalls, fieldOf(awaited)));
    },

    async list() {
      const found = await call((c) => c.hvals(keys.awaitedCalls));
      return found
        .map((json) => fromJson(AwaitedCall, json, 'A call that waits for the owner'))
        .toSorted((a, b) => a.askedAt - b.askedAt);
    },
  };
}

function fieldOf({ message, call }: Pick<AwaitedCall, 'message' | 'call'>): string {
  return `${message}/${call}`;
}
