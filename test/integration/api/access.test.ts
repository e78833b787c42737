import { afterEach, describe, expect, test } from 'vitest';

import { createPasswordVerifier } from '../../../infra/password-hash.ts';
import { basic, collect, open, password, right, startApi, type TestApi } from './support.ts';

let api: TestApi;
afterEach(() => api.close());

const wrong = (secret = 'wrong-password-123456', user = 'admin') => ({
  headers: { authorization: basic(user, secret) },
});
const signInEntries = () => api.audit.events().filter(({ type }) => type === 'sign-in-failed');

describe('signing in', () => {
  test('is needed for everything but health', async () => {
    api = await startApi();
    const paths = [
      '/metrics',
      '/conversations',
      '/conversations/c',
      '/chat/c.k',
      '/chat/c.k/events',
      '/panic',
      '/openapi.json',
    ];
    const answers = await Promise.all([...paths, '/', '/ws/logs', '/nothing', '/docs'].map((path) => api.call(path)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
    const posts = await Promise.all(['/chat', '/panic'].map((path) => api.call(path, { body: { message: 'hi' } })));
    expect(posts.map(({ status }) => status)).toEqual([401, 401]);
    expect((await api.call('/health')).status).toBe(200);
    expect(await api.lockdown.state()).toEqual({ locked: false });
    expect(api.runtime.started()).toEqual([]);
  });

  test('is asked for with a challenge and a problem', async () => {
    api = await startApi();
    const { headers, body } = await api.call('/metrics');
    expect(headers['www-authenticate']).toBe('Basic realm="Talos"');
    expect(headers['content-type']).toContain('application/problem+json');
    expect(body).toMatchObject({ type: 'urn:talos:error:UNAUTHENTICATED', status: 401, instance: '/metrics' });
  });

  test('works with the right user name and password', async () => {
    api = await startApi();
    expect((await api.ask('/metrics')).status).toBe(200);
  });

  test('checks the password alike whether user name, password or both are wrong', async () => {
    api = await startApi();
    const guesses = [
      basic('admin', 'no'),
      basic('root', password),
      basic('root', 'no'),
      basic('', ''),
      basic('admin2', password),
    ];
    const answers = await Promise.all(
      guesses.map((authorization) => api.call('/metrics', { headers: { authorization } })),
    );
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(answers[0]?.status).toBe(401);
    expect(api.checked).toHaveLength(guesses.length);
  });

  test.each(['Basic', 'Basic !!!', 'Bearer abc', `basic ${Buffer.from('nocolon').toString('base64')}`, 'Basic  '])(
    'is refused for the header %j without a guess being checked',
    async (authorization) => {
      api = await startApi();
      expect((await api.call('/metrics', { headers: { authorization } })).status).toBe(401);
      expect(api.checked).toEqual([]);
    },
  );

  test.each(['pässwörter-aller-Länder', 'with:colons:in:it:1234', '\u{1F511}'.repeat(8), 'quote"back\\slash 123'])(
    'works with the password %j',
    async (secret) => {
      api = await startApi({ deps: { verifyPassword: await createPasswordVerifier(secret) } });
      const statuses = [
        (await api.call('/metrics', { headers: { authorization: basic('admin', secret) } })).status,
        (await api.call('/metrics', { headers: { authorization: basic('admin', `${secret}x`) } })).status,
      ];
      expect(statuses).toEqual([200, 401]);
    },
  );

  test('fails with 500 and no detail when the check itself breaks', async () => {
    api = await startApi({ deps: { verifyPassword: async () => Promise.reject(new Error(`broke on ${password}`)) } });
    const { status, text } = await api.ask('/metrics');
    expect(status).toBe(500);
    expect(text).not.toContain('broke');
    expect(api.logged.filter(({ level }) => level === 'error')).toHaveLength(1);
  });

  test('is not needed on the socket of the owner', async () => {
    api = await startApi();
    expect((await api.own('/metrics')).status).toBe(200);
    expect((await api.own('/chat', { body: { message: 'hi' } })).status).toBe(200);
    expect(api.checked).toEqual([]);
  });
});

describe('guessing passwords', () => {
  test('ends after twenty wrong ones, before anything is checked, also for the right one', async () => {
    api = await startApi();
    for (let guess = 1; guess <= 20; guess += 1) {
      expect((await api.call('/metrics', wrong(`guess-${guess}`))).status).toBe(401);
    }
    const { status, headers, body } = await api.call('/metrics', wrong('guess-21'));
    expect({ status, code: body['code'] }).toEqual({ status: 429, code: 'TOO_MANY_REQUESTS' });
    expect(Number(headers['retry-after'])).toBeGreaterThan(800);
    expect((await api.ask('/metrics')).status).toBe(429);
    expect(api.checked).toHaveLength(20);
    expect((await api.call('/health')).status).toBe(200);
    expect((await api.own('/metrics')).status).toBe(200);
  });

  test('is no faster with other user names or all at once', async () => {
    api = await startApi();
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, index) => api.call('/metrics', wrong(`guess-${index}`, `user${index % 7}`))),
    );
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(20);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(40);
    expect(api.checked).toHaveLength(20);
  });

  test('does not count the right password, however often and at once it is sent', async () => {
    api = await startApi();
    const first = await Promise.all(Array.from({ length: 50 }, () => api.ask('/metrics')));
    for (let round = 0; round < 30; round += 1) await api.ask('/metrics');
    expect(new Set(first.map(({ status }) => status))).toEqual(new Set([200]));
    expect((await api.ask('/metrics')).status).toBe(200);
  });

  test('is audited once per address and minute, with the number, never with the password', async () => {
    api = await startApi();
    for (let guess = 1; guess <= 25; guess += 1) await api.call('/metrics', wrong(`my-secret-${guess}`));
    expect(signInEntries()).toEqual([
      {
        type: 'sign-in-failed',
        actor: 'api',
        subject: '127.0.0.1',
        details: { reason: 'wrong-credentials', count: 1 },
      },
    ]);
    await api.close();
    expect(signInEntries().slice(1)).toEqual([
      {
        type: 'sign-in-failed',
        actor: 'api',
        subject: '127.0.0.1',
        details: { reason: 'too-many-attempts', count: 24 },
      },
    ]);
    expect(JSON.stringify([api.audit.events(), api.logged])).not.toContain('my-secret');
  });

  test('is refused all the same when the audit log cannot be written', async () => {
    api = await startApi();
    api.audit.refuse(true);
    expect((await api.call('/metrics', wrong())).status).toBe(401);
    expect(api.logged).toContainEqual(
      expect.objectContaining({ level: 'error', message: 'failed sign-in not audited' }),
    );
  });
});

describe('the limit of requests', () => {
  test('holds per address and window, for signed-in callers and for guests', async () => {
    api = await startApi({ settings: { API_RATE_LIMIT_MAX: '10' } });
    for (let count = 0; count < 10; count += 1) expect((await api.ask('/panic')).status).toBe(200);
    const { status, headers } = await api.ask('/panic/unlock');
    expect(status).toBe(429);
    expect(Number(headers['retry-after'])).toBeGreaterThan(0);
    expect((await api.call('/metrics')).status).toBe(429);
  });

  test('leaves health its own count, and the owner and a panic alone', async () => {
    api = await startApi({ settings: { API_RATE_LIMIT_MAX: '10' } });
    for (let count = 0; count < 20; count += 1) await api.ask('/metrics');
    expect((await api.call('/health')).status).toBe(200);
    expect((await api.own('/metrics')).status).toBe(200);
    expect((await api.ask('/panic', { method: 'POST' })).body).toMatchObject({ locked: true });
    for (let count = 0; count < 10; count += 1) await api.call('/health');
    expect((await api.call('/health')).status).toBe(429);
  });
});

describe('every answer', () => {
  test('forbids to be cached, framed, sniffed or run, and does not name its maker', async () => {
    api = await startApi();
    for (const { headers } of [await api.ask('/metrics'), await api.call('/metrics'), await api.call('/health')]) {
      expect(headers).toMatchObject({
        'cache-control': 'no-store',
        'content-security-policy': "default-src 'none';frame-ancestors 'none';base-uri 'none';form-action 'none'",
        'x-content-type-options': 'nosniff',
        'x-correlation-id': expect.stringMatching(/^key-\d+$/),
      });
      expect(headers).not.toHaveProperty('x-powered-by');
      expect(headers).not.toHaveProperty('etag');
    }
  });

  test('of a stream has them, too', async () => {
    api = await startApi();
    const response = await open({
      port: api.port,
      path: '/chat',
      body: { message: 'hi' },
      headers: { authorization: right, accept: 'text/event-stream' },
    });
    await collect(response);
    expect(response.headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store, no-transform',
    });
  });
});
