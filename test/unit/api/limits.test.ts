import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { createMemoryAuditLog } from '../../../adapters/memory/audit-log.ts';
import { createFailedSignIns } from '../../../api/failed-sign-ins.ts';
import { createRateLimit } from '../../../api/rate-limit.ts';
import { createSignIn } from '../../../api/sign-in.ts';
import { parseConfig } from '../../../domain/config/parse.ts';

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a limit', () => {
  test('ends with its window', async () => {
    const limit = createRateLimit({ most: 2, windowSeconds: 10, what: 'requests' });
    await limit.take('a');
    await limit.take('a');
    await expect(limit.take('a')).rejects.toMatchObject({
      code: 'TOO_MANY_REQUESTS',
      details: { retryAfterSeconds: 10 },
    });
    await limit.take('b');
    await vi.advanceTimersByTimeAsync(10_001);
    await limit.take('a');
  });

  test('has room again for what is given back', async () => {
    const limit = createRateLimit({ most: 1, windowSeconds: 10, what: 'requests' });
    for (let round = 0; round < 5; round += 1) {
      await limit.take('a');
      await limit.giveBack('a');
    }
    await limit.take('a');
    await expect(limit.take('a')).rejects.toMatchObject({ code: 'TOO_MANY_REQUESTS' });
  });
});

describe('failed sign-ins', () => {
  test('are written once per address and minute while they last, with their number', async () => {
    const audit = createMemoryAuditLog();
    const failures = createFailedSignIns({ audit, logger: quiet });
    const counts = () => audit.events().map(({ subject, details }) => `${subject} ${details?.['count']}`);
    for (let guess = 0; guess < 5; guess += 1) await failures.record('a', 'wrong-credentials');
    await failures.record('b', 'wrong-credentials');
    expect(counts()).toEqual(['a 1', 'b 1']);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(counts()).toEqual(['a 1', 'b 1', 'a 4']);
    await failures.record('a', 'wrong-credentials');
    expect(counts()).toHaveLength(3);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(counts()).toEqual(['a 1', 'b 1', 'a 4', 'a 1']);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(counts()).toHaveLength(4);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('signing in', () => {
  const config = parseConfig({});
  const create = (verifyPassword = async (password: string) => password === 'right') =>
    createSignIn({ config, verifyPassword }, createFailedSignIns({ audit: createMemoryAuditLog(), logger: quiet }));
  const guess = (address: string, password = 'wrong') => ({ address, user: 'admin', password });

  test('is limited for one account over all addresses, but not for who has signed in before', async () => {
    const signIn = create();
    expect(await signIn(guess('home', 'right'))).toBe(true);
    for (let index = 0; index < 100; index += 1) expect(await signIn(guess(`bot-${index}`))).toBe(false);
    await expect(signIn(guess('bot-new'))).rejects.toMatchObject({ code: 'TOO_MANY_REQUESTS' });
    await expect(signIn(guess('stranger', 'right'))).rejects.toMatchObject({ code: 'TOO_MANY_REQUESTS' });
    expect(await signIn(guess('home', 'right'))).toBe(true);
    expect(await signIn(guess('home', 'mistyped'))).toBe(false);
    await vi.advanceTimersByTimeAsync(15 * 60_000 + 1);
    expect(await signIn(guess('stranger', 'right'))).toBe(true);
  });

  test('checks the same guess once when it comes several times at once', async () => {
    let checks = 0;
    const signIn = create(async (password) => {
      checks += 1;
      await Promise.resolve();
      return password === 'right';
    });
    const results = await Promise.all(Array.from({ length: 50 }, () => signIn(guess('a', 'right'))));
    expect(new Set(results)).toEqual(new Set([true]));
    expect(checks).toBe(1);
  });

  test('does not take one guess for another', async () => {
    const signIn = create();
    const results = await Promise.all([
      signIn({ address: 'a', user: 'admin', password: 'right' }),
      signIn({ address: 'a', user: 'admin","password":"right', password: '' }),
      signIn({ address: 'a', user: 'adminright', password: '' }),
    ]);
    expect(results).toEqual([true, false, false]);
  });
});
