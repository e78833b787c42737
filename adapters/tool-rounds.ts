import type { ToolRounds } from '../domain/skills/ports.ts';
import { ToolRound } from '../domain/skills/tool-rounds.ts';
import type { RedisConnections } from './redis.ts';
import { fromJson } from './stored-json.ts';

/** Longer than any message may wait for the owner. */
export const longestPauseSeconds = 35 * 24 * 60 * 60;

/** What models asked of skills, in Redis. */
export function createToolRounds({ keys, call }: RedisConnections): ToolRounds {
  return {
    async save(ref, place, round) {
      const key = keys.toolRounds(ref);
      await call((c) =>
        c.multi().hset(key, String(place), JSON.stringify(round)).expire(key, longestPauseSeconds).exec(),
      );
    },

    async list(ref) {
      const found = await call((c) => c.hgetall(keys.toolRounds(ref)));
      return Object.entries(found)
        .toSorted(([a], [b]) => Number(a) - Number(b))
        .map(([, json]) => fromJson(ToolRound, json, 'What a model asked of skills'));
    },
  };
}
