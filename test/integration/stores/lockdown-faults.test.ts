import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';

import { createLockdownStore } from '../../../adapters/lockdown-store.ts';
import { connectRedis, type RedisConnections } from '../../../adapters/redis.ts';
import type { LockdownStore } from '../../../domain/ports.ts';
import { connectTestRedis, failureCode } from './support.ts';

const order = { reason: 'strange replies', by: 'owner', at: 1_700_000_000_000 };
const locked = { locked: true, ...order };

describe('the lockdown', () => {
  let dir: string;
  let file: string;
  let redis: RedisConnections;
  let away: RedisConnections;
  let store: LockdownStore;
  let offline: LockdownStore;
  const flag = () => redis.call((c) => c.get(redis.keys.lockdown));

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'talos-lockdown-'));
    file = join(dir, 'data', 'lockdown.json');
    redis = connectTestRedis(inject('stack').redis);
    await redis.ping(AbortSignal.timeout(5000));
    away = connectRedis({ url: 'redis://127.0.0.1:1' });
    store = createLockdownStore({ redis, file });
    offline = createLockdownStore({ redis: away, file });
  });
  afterEach(async () => {
    await Promise.all([redis.close(), away.close()]);
    await rm(dir, { recursive: true, force: true });
  });

  it('takes hold without Redis and is read without it', async () => {
    expect(await offline.lock(order)).toEqual(locked);
    expect(await offline.state()).toEqual(locked);
  });

  it('is unknown, not open, when Redis is away and no file says locked', async () => {
    expect(await failureCode(offline.state())).toBe('STORE_UNAVAILABLE');
  });

  it('cannot be lifted without Redis', async () => {
    await offline.lock(order);
    expect(await failureCode(offline.unlock())).toBe('STORE_UNAVAILABLE');
    expect(await offline.state()).toEqual(locked);
  });

  it('reaches Redis later when it was away', async () => {
    await offline.lock(order);
    expect(await flag()).toBeNull();
    expect(await store.state()).toEqual(locked);
    expect(JSON.parse((await flag()) ?? '')).toEqual(locked);
    await store.unlock();
    expect(await store.state()).toEqual({ locked: false });
  });

  it('holds for other hosts, and on this one when its file is lost', async () => {
    const other = createLockdownStore({ redis, file: join(dir, 'other', 'lockdown.json') });
    await store.lock(order);
    await unlink(file);
    expect(await store.state()).toEqual(locked);
    expect(await other.state()).toEqual(locked);
    expect(await other.lock({ ...order, reason: 'second' })).toEqual(locked);
    expect(await other.state()).toEqual(locked);
  });

  it.each(['', '{', '{"locked":false}', 'null', '{"locked":true}', '\u0000'])(
    'holds when its file is broken: %j',
    async (text) => {
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
      expect(await store.state()).toMatchObject({ locked: true, reason: expect.stringContaining(file) });
      expect(await offline.state()).toMatchObject({ locked: true });
      await store.unlock();
      expect(await store.state()).toEqual({ locked: false });
    },
  );

  it('holds when Redis keeps something unreadable', async () => {
    await redis.call((c) => c.set(redis.keys.lockdown, '{"locked":false}'));
    expect(await store.state()).toMatchObject({ locked: true, reason: expect.stringContaining('Redis') });
  });

  it('stays when its file cannot be removed', async () => {
    await mkdir(join(file, 'in-the-way'), { recursive: true });
    expect(await store.state()).toMatchObject({ locked: true });
    expect(await failureCode(store.unlock())).toBe('STORE_UNAVAILABLE');
    expect(await store.state()).toMatchObject({ locked: true });
  });

  it('is set in Redis alone when the file cannot be written, and fails when neither can', async () => {
    await writeFile(join(dir, 'data'), 'a file where the folder should be');
    expect(await failureCode(offline.lock(order))).toBe('STORE_UNAVAILABLE');
    expect(await store.lock(order)).toEqual(locked);
    expect(await flag()).not.toBeNull();
  });

  it('takes hold on a full disk without Redis: a file of nothing locks', async () => {
    const data = dirname(file);
    await mkdir(data);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,mode=700', 'tmpfs', data]);
    try {
      expect(await writeFile(join(data, 'filler'), 'x'.repeat(100_000)).catch(({ code }) => code)).toBe('ENOSPC');
      expect(await offline.lock(order)).toEqual(locked);
      expect(await offline.state()).toMatchObject({ locked: true });
      expect((await readdir(data)).toSorted()).toEqual(['filler', 'lockdown.json']);
      expect(await store.lock(order)).toEqual(locked); // Redis, once it is back, has the reason
      await store.unlock();
      expect(await store.state()).toEqual({ locked: false });
    } finally {
      execFileSync('umount', [data]);
    }
  });

  it('leaves one private file and no temporary ones', async () => {
    await Promise.all([1, 2, 3].map((at) => store.lock({ ...order, at })));
    expect(await readdir(dirname(file))).toEqual(['lockdown.json']);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    await store.unlock();
    expect(await readdir(dirname(file))).toEqual([]);
  });

  it('is not set again by a reader whom an unlock overtook', async () => {
    await store.lock(order);
    let overtake = () => store.unlock();
    const slow: RedisConnections = {
      ...redis,
      run: async (script, input) => {
        const first = overtake;
        overtake = async () => {};
        await first();
        return redis.run(script, input);
      },
    };
    expect(await createLockdownStore({ redis: slow, file }).state()).toEqual(locked);
    expect(await store.state()).toEqual({ locked: false });
  });

  it('ends with the unlock even while others read it', async () => {
    await store.lock(order);
    for (let round = 0; round < 60; round += 1) {
      await store.lock(order);
      await Promise.all([store.unlock(), ...Array.from({ length: 20 }, () => store.state())]);
      expect(await store.state()).toEqual({ locked: false });
    }
  });
});
