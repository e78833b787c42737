import { bytesToFree, keysForRoom, type RoomKey } from '../../domain/night/byte-budget.ts';
import { mayGoForRoom } from '../../domain/night/key-rules.ts';
import type { PhaseContext } from '../../domain/night/ports.ts';
import type { Tally } from '../../domain/night/tally.ts';
import { dropOwnedScript } from '../lua/upkeep.ts';
import type { RedisConnections } from '../redis.ts';
import { ask, type FoundKey, walkKeys } from './redis-keyspace.ts';

type OwnedKey = RoomKey & { readonly ownerKey: string };

const batch = 100;

/** Makes room where the store has too much: what can be done without goes, oldest first. */
export async function makeRoom(
  { redis, ceilingBytes }: { redis: RedisConnections; ceilingBytes: number },
  context: PhaseContext,
  tally: Tally,
): Promise<void> {
  const bytes = bytesToFree(await usedBytes(redis), ceilingBytes);
  if (bytes === 0) return;
  const candidates: OwnedKey[] = [];
  for await (const { found } of walkKeys(redis)) {
    context.signal.throwIfAborted();
    candidates.push(...(await weigh(redis, found)));
  }
  const chosen = keysForRoom(candidates, bytes);
  for (let from = 0; from < chosen.length; from += batch) {
    context.signal.throwIfAborted();
    const part = chosen.slice(from, from + batch);
    const gone = await redis.run(dropOwnedScript, {
      keys: part.flatMap(({ key, ownerKey }) => [key, ownerKey]),
      args: [],
    });
    tally.add('cachesDropped', Number(gone));
    context.tell(`${from + part.length} of ${chosen.length} caches dropped to make room`);
  }
  const used = await usedBytes(redis);
  if (bytesToFree(used, ceilingBytes) === 0) return;
  tally.note(
    `Redis holds ${megabytes(used)} of ${megabytes(ceilingBytes)} MB, and what is left is no cache; raise REDIS_MAX_MEMORY.`,
  );
}

async function weigh(redis: RedisConnections, found: readonly FoundKey[]): Promise<OwnedKey[]> {
  const mayGo = found.flatMap(({ key, rule, ownerKey, owner }) =>
    ownerKey !== undefined && owner !== undefined && mayGoForRoom(rule, owner) ? [{ key, ownerKey }] : [],
  );
  const sizes = await ask(
    redis,
    mayGo.map(({ key }) => ['memory', 'usage', key]),
  );
  const idle = await ask(
    redis,
    mayGo.map(({ key }) => ['object', 'idletime', key]),
  );
  return mayGo.flatMap(({ key, ownerKey }, place) => {
    const [bytes, idleSeconds] = [sizes[place], idle[place]];
    return typeof bytes === 'number' ? [{ key, ownerKey, bytes, idleSeconds: Number(idleSeconds ?? 0) }] : [];
  });
}

async function usedBytes({ call }: RedisConnections): Promise<number> {
  const info = await call((c) => c.info('memory'));
  return Number(/^used_memory:(\d+)/m.exec(info)?.[1] ?? 0);
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1_048_576);
}
