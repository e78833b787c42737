import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createConversationStore } from '../../../adapters/conversation-store.ts';
import { createLogStream } from '../../../adapters/log-stream.ts';
import { connectRedis, type RedisConnections } from '../../../adapters/redis.ts';
import { createTokenStream } from '../../../adapters/token-stream.ts';
import type { ConversationStore, TokenStream } from '../../../domain/ports.ts';
import { failureCode, type OwnRedis, startOwnRedis, take } from './support.ts';

const ref = { conversation: 'c', key: 'k' };

describe('a Redis that dies and comes back', () => {
  let server: OwnRedis;
  let redis: RedisConnections;
  let conversations: ConversationStore;
  let tokens: TokenStream;
  const failures: Error[] = [];

  beforeEach(async () => {
    failures.length = 0;
    server = await startOwnRedis();
    redis = connectRedis({ url: server.url, onError: (error) => failures.push(error) });
    conversations = createConversationStore(redis);
    tokens = createTokenStream(redis);
  });
  afterEach(async () => {
    await redis.close();
    await server.close();
  });

  it('still has every message it took, each once, when it was killed amid many', async () => {
    const taken: string[] = [];
    const send = async (key: string) => {
      const acceptance = await conversations.accept({ ...ref, key, text: key, createdAt: 1 });
      if (acceptance.kind !== 'conflict') taken.push(key);
    };
    const keys = Array.from({ length: 400 }, (_, index) => `k${index}`);
    const sending = keys.map(async (key, index) => {
      if (index === 200) await server.kill('SIGKILL');
      return failureCode(send(key));
    });
    const codes = new Set(await Promise.all(sending));
    expect([...codes].filter((code) => code !== undefined && code !== 'STORE_UNAVAILABLE')).toEqual([]);
    await server.start();
    for (const key of keys) await send(key);
    const records = (await conversations.conversation('c', { limit: 1000, offset: 0 })) ?? [];
    expect(records.map((record) => record.seq)).toEqual(keys.map((_, index) => index + 1));
    expect(records.map((record) => record.key)).toEqual(expect.arrayContaining(taken));
  });

  it('lets followers go on where they were', async () => {
    await conversations.accept({ ...ref, text: 'hello', createdAt: 1 });
    const seen: string[] = [];
    const followers = [1, 2, 3].map(async () => {
      for await (const { event } of tokens.follow(ref, { signal: AbortSignal.timeout(30_000) })) {
        seen.push(event.type === 'text-delta' ? event.text : event.type);
      }
    });
    await tokens.append(ref, { type: 'text-delta', text: 'before' });
    await expect.poll(() => seen.length).toBe(3);
    await server.kill('SIGKILL');
    expect(await failureCode(tokens.append(ref, { type: 'text-delta', text: 'lost' }))).toBe('STORE_UNAVAILABLE');
    await server.start();
    await tokens.append(ref, { type: 'text-delta', text: 'after' });
    await conversations.settle(ref, { state: 'answered' }, 2);
    await Promise.all(followers);
    expect(seen.toSorted()).toEqual(['after', 'after', 'after', 'before', 'before', 'before', 'done', 'done', 'done']);
    expect(redis.wakeUps.size).toBe(0);
  });

  it('gives followers what came while only their wake-ups were cut off', async () => {
    await conversations.accept({ ...ref, text: 'hello', createdAt: 1 });
    const seen: string[] = [];
    const following = (async () => {
      for await (const { event } of tokens.follow(ref, { signal: AbortSignal.timeout(30_000) })) seen.push(event.type);
    })();
    await tokens.append(ref, { type: 'attempt-start', attempt: 1 });
    await expect.poll(() => seen).toEqual(['attempt-start']);
    redis.subscriber.disconnect(true);
    await expect.poll(() => redis.subscriber.status).not.toBe('ready');
    await conversations.settle(ref, { state: 'answered' }, 2);
    await expect.poll(() => seen, { timeout: 5000 }).toEqual(['attempt-start', 'done']);
    await following;
  });

  it('lets those who watch the log go on', async () => {
    await redis.ping(AbortSignal.timeout(5000));
    const logs = createLogStream(redis);
    const line = (message: string) => ({ time: 1, level: 'info', component: 'test', message }) as const;
    const seen: string[] = [];
    const abort = new AbortController();
    const following = (async () => {
      for await (const { message } of logs.follow({ backfill: 5, accepts: () => true, signal: abort.signal })) {
        seen.push(message);
      }
    })();
    logs.append(line('before'));
    await expect.poll(() => seen).toEqual(['before']);
    await server.kill('SIGKILL');
    await expect.poll(() => redis.commands.status).not.toBe('ready');
    logs.append(line('dropped'));
    await server.start();
    await redis.ping(AbortSignal.timeout(5000));
    logs.append(line('after'));
    await expect.poll(() => seen, { timeout: 15_000 }).toEqual(['before', 'after']);
    abort.abort();
    await following;
  });

  it('is STORE_UNAVAILABLE meanwhile, for every caller, and nobody has to listen for errors', async () => {
    await redis.ping(AbortSignal.timeout(5000));
    await server.kill('SIGKILL');
    const calls = [
      conversations.accept({ ...ref, text: 'hello', createdAt: 1 }),
      conversations.message(ref),
      conversations.ping(AbortSignal.timeout(5000)),
      tokens.append(ref, { type: 'text-delta', text: 'x' }),
      take(tokens.follow(ref, { signal: AbortSignal.timeout(20_000) })),
    ];
    expect(new Set(await Promise.all(calls.map(failureCode)))).toEqual(new Set(['STORE_UNAVAILABLE']));
    await expect.poll(() => failures.length).toBeGreaterThan(0);
  });

  it('never does later what it said had failed', async () => {
    await redis.ping(AbortSignal.timeout(5000));
    await server.kill('SIGKILL');
    expect(await failureCode(conversations.accept({ ...ref, text: 'hello', createdAt: 1 }))).toBe('STORE_UNAVAILABLE');
    await server.start();
    await redis.ping(AbortSignal.timeout(5000));
    expect(await conversations.message(ref)).toBeUndefined();
  });

  it('is waited for when it comes back at once', async () => {
    await redis.ping(AbortSignal.timeout(5000));
    await server.kill('SIGKILL');
    const [acceptance] = await Promise.all([
      conversations.accept({ ...ref, text: 'hello', createdAt: 1 }),
      server.start(),
    ]);
    expect(acceptance).toEqual({ kind: 'accepted', seq: 1 });
  });

  it('is STORE_UNAVAILABLE while it hangs', async () => {
    await redis.ping(AbortSignal.timeout(5000));
    server.signal('SIGSTOP');
    expect(await failureCode(conversations.message(ref))).toBe('STORE_UNAVAILABLE');
    expect(await failureCode(conversations.ping(AbortSignal.abort()))).toBe('STORE_UNAVAILABLE');
    server.signal('SIGCONT');
    await expect.poll(() => failureCode(conversations.message(ref)), { timeout: 15_000 }).toBeUndefined();
  });
});

describe('a Redis that was never there', () => {
  it('is STORE_UNAVAILABLE, and closing does not wait for it', async () => {
    const redis = connectRedis({ url: 'unix:///nowhere/redis.sock' });
    expect(await failureCode(redis.call((c) => c.ping()))).toBe('STORE_UNAVAILABLE');
    await redis.close();
    expect(await failureCode(redis.call((c) => c.ping()))).toBe('STORE_UNAVAILABLE');
  });
});
