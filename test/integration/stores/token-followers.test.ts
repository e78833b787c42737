import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';

import { createConversationStore } from '../../../adapters/conversation-store.ts';
import type { RedisConnections } from '../../../adapters/redis.ts';
import { createTokenStream } from '../../../adapters/token-stream.ts';
import type { ConversationStore, TokenStream } from '../../../domain/ports.ts';
import { connectTestRedis, failureCode, take } from './support.ts';

describe('followers of token streams in Redis', () => {
  let redis: RedisConnections;
  let conversations: ConversationStore;
  let tokens: TokenStream;
  const accept = (key: string) => conversations.accept({ conversation: 'c', key, text: 'hello', createdAt: 1 });
  const follow = (key: string, signal = AbortSignal.timeout(30_000)) =>
    tokens.follow({ conversation: 'c', key }, { signal });
  const subscriptions = async () => (await redis.call((c) => c.pubsub('NUMSUB', redis.keys.wakeUps)))[1];

  beforeAll(() => {
    redis = connectTestRedis(inject('stack').redis);
    conversations = createConversationStore(redis);
    tokens = createTokenStream(redis);
  });
  afterAll(() => redis.close());

  it('share one subscription, and nothing is left of them', async () => {
    const keys = Array.from({ length: 2000 }, (_, index) => `k${index}`);
    await Promise.all(keys.map(accept));
    const abort = new AbortController();
    const many = keys.map((key) => take(follow(key)));
    const same = Array.from({ length: 200 }, () => take(follow('k0')));
    const stopped = keys.map((key) => take(follow(key, abort.signal)));
    await expect.poll(() => redis.wakeUps.size).toBe(4200);
    expect(await subscriptions()).toBe(1);
    abort.abort();
    await Promise.all(stopped);
    expect(redis.wakeUps.size).toBe(2200);
    await Promise.all(keys.map((key) => conversations.settle({ conversation: 'c', key }, { state: 'answered' }, 2)));
    for (const entries of await Promise.all([...many, ...same])) expect(entries).toHaveLength(1);
    expect(redis.wakeUps.size).toBe(0);
    expect(await subscriptions()).toBe(1);
  });

  it('leave nothing behind when they stop in the middle or never begin', async () => {
    await accept('left');
    await tokens.append({ conversation: 'c', key: 'left' }, { type: 'text-delta', text: 'a' });
    await take(follow('left'), 1);
    follow('left');
    await failureCode(
      take(tokens.follow({ conversation: 'c', key: 'left' }, { lastId: 'bad', signal: AbortSignal.timeout(1) })),
    );
    expect(redis.wakeUps.size).toBe(0);
  });

  it('get done alone when the stream has vanished since the message ended', async () => {
    const ref = { conversation: 'c', key: 'vanished' };
    await accept('vanished');
    await tokens.append(ref, { type: 'text-delta', text: 'a' });
    await conversations.settle(ref, { state: 'stopped', error: { code: 'MESSAGE_STOPPED', message: '' } }, 2);
    expect(await redis.call((c) => c.del(redis.keys.tokens(ref)))).toBe(1);
    expect(await take(follow('vanished'))).toEqual([
      { id: '0-0', event: { type: 'done', state: 'stopped', code: 'MESSAGE_STOPPED' } },
    ]);
  });

  it('find only streams that end by themselves, and records that do not', async () => {
    const ref = { conversation: 'c', key: 'ttl' };
    await accept('ttl');
    const ttl = (key: string) => redis.call((c) => c.ttl(key));
    await tokens.append(ref, { type: 'text-delta', text: 'a' });
    expect(await ttl(redis.keys.tokens(ref))).toBeGreaterThan(80_000);
    await conversations.saveContext(ref, 'x');
    expect(await ttl(redis.keys.context(ref))).toBeGreaterThan(30 * 86_400);
    await conversations.settle(ref, { state: 'answered' }, 2);
    expect(await ttl(redis.keys.tokens(ref))).toBeLessThanOrEqual(600);
    expect(await ttl(redis.keys.context(ref))).toBeLessThanOrEqual(3600);
    expect(await ttl(redis.keys.context(ref))).toBeGreaterThan(3500);
    const { keys } = redis;
    for (const key of [
      keys.message(ref),
      keys.conversation('c'),
      keys.messages('c'),
      keys.answered('c'),
      keys.conversations,
    ]) {
      expect(await ttl(key)).toBe(-1);
    }
  });

  it('are told when something else lies where a record should be', async () => {
    const ref = { conversation: 'c', key: 'foreign' };
    await redis.call((c) => c.set(redis.keys.message(ref), 'x'));
    expect(await failureCode(conversations.message(ref))).toBe('INTERNAL');
    const broken = { conversation: 'c', key: 'broken' };
    await redis.call((c) => c.hset(redis.keys.message(broken), 'seq', 'x', 'state', 'odd', 'outcome', '{'));
    expect(await failureCode(conversations.message(broken))).toBe('INTERNAL');
  });
});
