import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';

import { TalosError } from '../domain/errors.ts';

/** Counts what a key does within a window. */
export type RateLimit = {
  /** Counts one; fails with TOO_MANY_REQUESTS once the key is over its limit. */
  take(key: string): Promise<void>;
  /** Takes one back. */
  giveBack(key: string): Promise<void>;
};

type Limits = { readonly most: number; readonly windowSeconds: number; readonly what: string };

/** A limit that holds in this process. The window starts with the first count; `what` names it in the error. */
export function createRateLimit({ most, windowSeconds, what }: Limits): RateLimit {
  const limiter = new RateLimiterMemory({ points: most, duration: windowSeconds });
  return {
    async take(key) {
      try {
        await limiter.consume(key);
      } catch (refusal) {
        if (!(refusal instanceof RateLimiterRes)) throw refusal;
        const retryAfterSeconds = Math.max(1, Math.ceil(refusal.msBeforeNext / 1000));
        throw new TalosError('TOO_MANY_REQUESTS', `Too many ${what}; try again in ${retryAfterSeconds} s.`, {
          details: { retryAfterSeconds },
        });
      }
    },

    async giveBack(key) {
      await limiter.reward(key);
    },
  };
}
