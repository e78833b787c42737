import {
  type KeyOwner,
  keyRules,
  type KeyRule,
  type OwnerFacts,
  ownerOf,
  ruleOf,
} from '../../domain/night/key-rules.ts';
import type { RedisConnections } from '../redis.ts';

/** Enough for one answer to take a millisecond or so. */
const pageSize = 500;

/** A key that the night may have something to do with, and what is known of it. */
export type FoundKey = {
  readonly key: string;
  readonly rule: Extract<KeyRule, { kind: 'owned' | 'expiring' }>;
  readonly hasEnd: boolean;
  /** The key that tells the state of its owner. */
  readonly ownerKey?: string;
  readonly owner?: OwnerFacts;
};

/** One page of the walk through all keys. */
export type KeyPage = {
  readonly found: readonly FoundKey[];
  readonly messages: readonly string[];
  readonly unknown: number;
};

type Command = [name: string, ...args: (string | number)[]];

/** Walks through every key under the prefix, a page at a time; keys that come or go meanwhile may be met or not. */
export async function* walkKeys(redis: RedisConnections): AsyncGenerator<KeyPage> {
  const { prefix } = redis.keys;
  const match = `${prefix.replaceAll(/[\\*?[\]]/g, '\\$&')}*`;
  let cursor = '0';
  do {
    const [next, keys] = await redis.call((c) => c.scan(cursor, 'MATCH', match, 'COUNT', pageSize));
    cursor = next;
    yield await lookAt(redis, keys);
  } while (cursor !== '0');
}

/** Answers of commands sent together, in order; what failed is undefined. */
export async function ask(redis: RedisConnections, commands: readonly Command[]): Promise<unknown[]> {
  if (commands.length === 0) return [];
  const replies = await redis.call((c) => c.pipeline(commands.map((command) => [...command])).exec());
  return (replies ?? []).map(([error, reply]) => (error === null ? reply : undefined));
}

async function lookAt(redis: RedisConnections, keys: readonly string[]): Promise<KeyPage> {
  const { prefix } = redis.keys;
  const named = keys
    .map((key) => ({ key, name: key.slice(prefix.length) }))
    .map((one) => ({ ...one, rule: ruleOf(one.name) }));
  const found = named.flatMap(({ key, name, rule }) =>
    rule?.kind === 'owned' || rule?.kind === 'expiring' ? [{ key, rule, ownerKey: ownerKeyOf(redis, rule, name) }] : [],
  );
  const ends = await ask(
    redis,
    found.map(({ key }) => ['ttl', key]),
  );
  const owners = await ask(
    redis,
    found.map(({ ownerKey }) => ['hmget', ownerKey ?? '', 'state', 'finishedAt']),
  );
  return {
    found: found.flatMap(({ key, rule, ownerKey }, place) => {
      const [end, owner] = [ends[place], owners[place]];
      if (typeof end !== 'number' || end === -2 || !Array.isArray(owner)) return []; // it has gone meanwhile
      if (rule.kind === 'owned' && ownerKey === undefined) return []; // its name tells of no owner: left alone
      return [
        { key, rule, hasEnd: end !== -1, ...(ownerKey === undefined ? {} : { ownerKey, owner: factsOf(owner) }) },
      ];
    }),
    messages: named.flatMap(({ key, rule }) => (rule === keyRules.message ? [key] : [])),
    unknown: named.filter(({ rule }) => rule === undefined).length,
  };
}

function ownerKeyOf({ keys }: RedisConnections, rule: KeyRule, name: string): string | undefined {
  const owner: KeyOwner | undefined = rule.kind === 'owned' ? ownerOf(rule, name) : undefined;
  if (owner === undefined) return undefined;
  return 'message' in owner ? keys.message(owner.message) : keys.skillRun(owner.run);
}

function factsOf([state, endedAt]: unknown[]): OwnerFacts {
  return {
    ...(typeof state === 'string' && { state }),
    ...(typeof endedAt === 'string' && { endedAt: Number(endedAt) }),
  };
}
