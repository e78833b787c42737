import { isApprovalOver, messageOfEntry } from '../../domain/night/key-rules.ts';
import type { Tally } from '../../domain/night/tally.ts';
import { dropEntriesScript } from '../lua/upkeep.ts';
import type { RedisConnections } from '../redis.ts';
import { ask } from './redis-keyspace.ts';

type Entry = readonly [field: string, value: string];

/** Drops approval codes whose time is over. */
export async function dropApprovals(redis: RedisConnections, now: number, tally: Tally): Promise<void> {
  const over = (await entriesOf(redis, redis.keys.approvals)).filter(([, text]) => isApprovalOver(text, now));
  tally.add('approvalsDropped', await dropEntries(redis, redis.keys.approvals, over));
}

/** Drops what waits for the owner on behalf of messages that have ended or that nobody knows. */
export async function dropAwaited(redis: RedisConnections, hash: string, tally: Tally): Promise<void> {
  const all = (await entriesOf(redis, hash)).flatMap((entry) => {
    const message = messageOfEntry(entry[0]);
    return message === undefined ? [] : [{ entry, owner: redis.keys.message(message) }];
  });
  const states = await ask(
    redis,
    all.map(({ owner }) => ['hget', owner, 'state']),
  );
  // a state that could not be read is undefined, an unknown message null
  const over = all.filter((_, place) => states[place] !== undefined && states[place] !== 'pending');
  tally.add(
    'awaitedDropped',
    await dropEntries(
      redis,
      hash,
      over.map(({ entry }) => entry),
    ),
  );
}

async function entriesOf({ call }: RedisConnections, hash: string): Promise<Entry[]> {
  return Object.entries(await call((c) => c.hgetall(hash)));
}

async function dropEntries({ run }: RedisConnections, hash: string, over: readonly Entry[]): Promise<number> {
  if (over.length === 0) return 0;
  return Number(await run(dropEntriesScript, { keys: [hash], args: over.flat() }));
}
