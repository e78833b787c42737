import { holdRule } from '../domain/lockdown/hold.ts';
import type { HoldStore } from '../domain/ports.ts';
import { recordHitScript } from './lua/safety.ts';
import type { RedisConnections } from './redis.ts';

/** Counts critical hits in Redis; counts and holds vanish by themselves. */
export function createHoldStore({ keys, call, run }: RedisConnections): HoldStore {
  return {
    async heldUntil(conversation) {
      const until = await call((c) => c.get(keys.hold(conversation)));
      return until === null ? undefined : Number(until);
    },

    async recordCriticalHit({ conversation, key }, at) {
      const { hits, windowMs, holdMs } = holdRule;
      await run(recordHitScript, {
        keys: [keys.hits(conversation), keys.hold(conversation)],
        args: [at, hits, windowMs, at + holdMs, holdMs, key],
      });
    },

    async release(conversation) {
      await call((c) => c.del(keys.hold(conversation), keys.hits(conversation)));
    },
  };
}
