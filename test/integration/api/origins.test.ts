import { afterEach, describe, expect, test } from 'vitest';

import { startApi, type TestApi } from './support.ts';

let api: TestApi;
afterEach(() => api.close());

describe('pages of other origins', () => {
  const post = (headers: Record<string, string>) => api.ask('/chat', { body: { message: 'hi' }, headers });

  test.each([
    'https://evil.example',
    'http://127.0.0.1:1',
    'http://localhost',
    'null',
    'file://',
    'http://localhost.evil.example',
  ])('may not send a message from %s', async (origin) => {
    api = await startApi();
    const { status, body } = await post({ origin });
    expect({ status, code: body['code'] }).toEqual({ status: 403, code: 'ORIGIN_REFUSED' });
    expect((await api.ask('/panic', { method: 'POST', headers: { origin } })).status).toBe(403);
    expect((await api.ask('/chat/c.k', { method: 'DELETE', headers: { origin } })).status).toBe(403);
    expect(await api.lockdown.state()).toEqual({ locked: false });
    expect(api.runtime.started()).toEqual([]);
  });

  test.each(['localhost', '127.0.0.1', '[::1]'])('do not keep out our own at %s', async (name) => {
    api = await startApi();
    expect((await post({ origin: `http://${name}:${api.port}` })).status).toBe(200);
  });

  test('may call where they are configured, and see the answer', async () => {
    api = await startApi({ settings: { WEB_ORIGINS: 'https://talos.example, https://other.example:8443' } });
    const { status, headers } = await post({ origin: 'https://other.example:8443' });
    expect(status).toBe(200);
    expect(headers['access-control-allow-origin']).toBe('https://other.example:8443');
    const asked = await api.call('/chat', {
      method: 'OPTIONS',
      headers: { origin: 'https://talos.example', 'access-control-request-method': 'POST' },
    });
    expect(asked).toMatchObject({ status: 204, headers: { 'access-control-allow-origin': 'https://talos.example' } });
  });

  test('may ask by every method there is', async () => {
    api = await startApi();
    const { paths } = (await api.ask('/openapi.json')).body as { paths: Record<string, Record<string, unknown>> };
    const methods = new Set(
      Object.values(paths).flatMap((path) => Object.keys(path).map((name) => name.toUpperCase())),
    );
    const headers = { origin: `http://localhost:${api.port}`, 'access-control-request-method': 'PUT' };
    const asked = await api.call('/models/use', { method: 'OPTIONS', headers });
    const allowed = String(asked.headers['access-control-allow-methods']).split(', ');
    expect(allowed.toSorted()).toEqual([...methods].toSorted());
  });

  test('that are not allowed are not told that they may ask, nor let see an answer', async () => {
    api = await startApi();
    const headers = { origin: 'https://evil.example', 'access-control-request-method': 'POST' };
    expect((await api.call('/chat', { method: 'OPTIONS', headers })).status).toBe(403);
    const read = await api.ask('/conversations', { headers: { origin: 'https://evil.example' } });
    expect(read.headers['access-control-allow-origin']).toBeUndefined();
  });

  test.each([
    'evil.example',
    'localhost',
    'localhost:1',
    'localhost.evil.example:PORT',
    '127.0.0.1.nip.io:PORT',
    '[::2]:PORT',
  ])('do not reach us under the name %s (DNS rebinding)', async (host) => {
    api = await startApi();
    const headers = { host: host.replace('PORT', String(api.port)) };
    const answers = [await api.call('/health', { headers }), await api.ask('/metrics', { headers })];
    expect(answers.map(({ status, body }) => [status, body['code']])).toEqual([
      [403, 'ORIGIN_REFUSED'],
      [403, 'ORIGIN_REFUSED'],
    ]);
  });

  test.each(['localhost:PORT', 'LOCALHOST:PORT', '127.0.0.1:PORT', '[::1]:PORT', 'talos.example'])(
    'is no name we refuse: %s',
    async (host) => {
      api = await startApi({ settings: { WEB_ORIGINS: 'https://talos.example' } });
      expect((await api.call('/health', { headers: { host: host.replace('PORT', String(api.port)) } })).status).toBe(
        200,
      );
    },
  );

  test('reach a Talos bound to all addresses under any name, but still may not act', async () => {
    api = await startApi({ settings: { WEB_BIND: '0.0.0.0' } });
    expect((await api.call('/health', { headers: { host: 'talos:8080' } })).status).toBe(200);
    expect((await post({ host: 'evil.example', origin: 'http://evil.example' })).status).toBe(403);
  });

  test('are no matter on the socket of the owner', async () => {
    api = await startApi();
    expect((await api.own('/panic', { headers: { host: 'anything', origin: 'null' } })).status).toBe(200);
  });

  test.each(['talos.example', 'ftp://talos.example', 'https://talos.example/path', '*'])(
    'cannot be configured as %j',
    async (origins) => {
      await expect(startApi({ settings: { WEB_ORIGINS: origins } })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
      api = await startApi();
    },
  );
});
