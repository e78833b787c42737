import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { sandboxContainerBody } from '../../../../domain/sandbox/container.ts';
import { bodies, calls } from './attacks.ts';
import { request, sendRaw, statusesIn } from './raw-http.ts';
import { smuggling } from './smuggling.ts';
import { startUnderTest, type UnderTest } from './under-test.ts';

describe('attacks on the Docker engine', () => {
  let proxy: UnderTest;
  const ids = { foreign: '', own: '' };

  beforeAll(async () => {
    proxy = await startUnderTest();
    const body = JSON.stringify(sandboxContainerBody({ runtime: 'node', memoryMiB: 128 }));
    const made = await sendRaw(proxy.socket, request('POST', '/containers/create', body));
    ids.own = /[0-9a-f]{64}/.exec(made)?.[0] ?? '';
    ids.foreign = proxy.engine.addContainer({});
  });
  afterAll(() => proxy.close());
  beforeEach(() => {
    proxy.engine.seen.length = 0;
    proxy.decisions.length = 0;
  });

  async function expectRefused(bytes: string): Promise<void> {
    const statuses = statusesIn(await sendRaw(proxy.socket, bytes));
    expect(proxy.engine.seen).toEqual([]);
    expect(statuses.filter((status) => status < 400 || status >= 500)).toEqual([]);
    expect([...new Set(proxy.decisions.map(({ decision }) => decision))]).toEqual(['refused']);
  }

  test('there are more than 67 of them', () => {
    const all = [bodies, calls(ids), smuggling].flatMap((group) => Object.keys(group));
    expect(new Set(all).size).toBeGreaterThan(200);
  });

  describe('a container that', () => {
    test.each(Object.entries(bodies))('%s', (_name, body) =>
      expectRefused(request('POST', '/containers/create', body)),
    );
  });

  describe('a call that', () => {
    test.each(Object.keys(calls(ids)))('%s', (name) => expectRefused(calls(ids)[name] ?? ''));
  });

  describe('a request that', () => {
    test.each(Object.entries(smuggling))('%s', (_name, bytes) => expectRefused(bytes));
  });
});
