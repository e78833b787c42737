import type { IncomingMessage } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';

import { abortWhen, within } from '../../../api/abort-when.ts';
import { addressKey, clientAddress } from '../../../api/client-address.ts';
import { Page } from '../../../api/page.ts';
import { parseInput, Problem, toProblem } from '../../../api/problem.ts';
import { createSystemLoad } from '../../../api/system-load.ts';
import { type ErrorCode, errorCatalogue, TalosError, toTalosError } from '../../../domain/errors.ts';

describe('the address a client is counted by', () => {
  test.each([
    ['127.0.0.1', '127.0.0.1'],
    ['::ffff:192.168.1.5', '192.168.1.5'],
    ['::FFFF:192.168.1.5', '192.168.1.5'],
    ['::1', '0:0:0:0::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::9', '2001:db8:1:2::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['unknown', 'unknown'],
  ])('%s is %s', (address, key) => {
    expect(addressKey(address)).toBe(key);
  });

  test('is not what a header claims', () => {
    const request = { socket: { remoteAddress: '10.0.0.1' }, headers: { 'x-forwarded-for': '127.0.0.1' } };
    expect(clientAddress(request as unknown as IncomingMessage)).toBe('10.0.0.1');
  });
});

describe('a problem', () => {
  test.each(Object.keys(errorCatalogue) as ErrorCode[])('of %s follows its schema', (code) => {
    const problem = toProblem(new TalosError(code, 'what happened'), '/path');
    expect(Problem.parse(problem)).toMatchObject({ type: `urn:talos:error:${code}`, code, instance: '/path' });
  });

  test('of an unknown failure tells nothing of it', () => {
    const problem = toProblem(toTalosError(new Error('password is hunter2')), '/');
    expect(JSON.stringify(problem)).not.toContain('hunter2');
    const own = toProblem(new TalosError('INTERNAL', 'An event broke the schema of the audit log.'), '/');
    expect(own.detail).not.toContain('audit');
  });

  test('of anything invalid is small and well-formed, whatever was sent', () => {
    const schema = z.strictObject({ name: z.string(), age: z.number() });
    fc.assert(
      fc.property(fc.jsonValue(), (input) => {
        const problem = problemOf(() => parseInput(schema, input, 'body'));
        if (problem === undefined) return;
        expect(Problem.parse(problem).errors?.length).toBeGreaterThan(0);
        expect(JSON.stringify(problem).length).toBeLessThan(4000);
        expect(JSON.stringify(problem).isWellFormed()).toBe(true);
      }),
    );
  });

  function problemOf(work: () => unknown): unknown {
    try {
      work();
      return undefined;
    } catch (error) {
      return toProblem(toTalosError(error), '/');
    }
  }
});

describe('the query of a list', () => {
  test.each([
    [{}, { limit: 50, offset: 0 }],
    [
      { limit: '1', offset: '1000000' },
      { limit: 1, offset: 1_000_000 },
    ],
    [{ limit: '200' }, { limit: 200, offset: 0 }],
  ])('%j is %j', (query, page) => {
    expect(Page.parse(query)).toEqual(page);
  });

  test('takes whole numbers in range and nothing else', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.integer().map(String), fc.double().map(String)), (text) => {
        const isRight = /^\d{1,7}$/.test(text) && Number(text) >= 1 && Number(text) <= 200;
        expect(Page.safeParse({ limit: text }).success).toBe(isRight);
      }),
    );
  });
});

describe('a combined signal', () => {
  test('aborts with the first of its sources, and no more once released', () => {
    const [a, b] = [new AbortController(), new AbortController()];
    const kept = abortWhen([a.signal, b.signal]);
    const released = abortWhen([a.signal, b.signal]);
    released.release();
    b.abort();
    expect([kept.signal.aborted, released.signal.aborted]).toEqual([true, false]);
    expect(abortWhen([b.signal]).signal.aborted).toBe(true);
  });

  test('ends work that takes too long, also such as ignores it', async () => {
    await expect(within(1, () => new Promise(() => {}))).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(await within(60_000, () => Promise.resolve('done'))).toBe('done');
    await expect(within(60_000, () => Promise.reject(new Error('broke')))).rejects.toThrow('broke');
  });

  test('tells the work', async () => {
    let told: AbortSignal | undefined;
    const late = within(1, async (signal) => {
      told = signal;
      await new Promise((resolve) => {
        signal.addEventListener('abort', resolve);
      });
    });
    await expect(late).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(told?.aborted).toBe(true);
  });
});

test('the load of the machine is between nothing and all of it', async () => {
  const load = createSystemLoad();
  for (let reading = 0; reading < 3; reading += 1) {
    await turn();
    for (const value of Object.values(load())) expect(value >= 0 && value <= 100).toBe(true);
  }
});
