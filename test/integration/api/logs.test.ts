import { on, once } from 'node:events';
import type { IncomingMessage } from 'node:http';

import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';

import type { LogLine } from '../../../domain/log.ts';
import { basic, right, startApi, type TestApi } from './support.ts';

let api: TestApi;
afterEach(() => api.close());

const line = (message: string, more: Partial<LogLine> = {}): LogLine => ({
  time: 1,
  level: 'info',
  component: 'api',
  message,
  ...more,
});

function connectTo(query = '', headers: Record<string, string> = { authorization: right }): WebSocket {
  return new WebSocket(`ws://127.0.0.1:${api.port}/ws/logs${query}`, { headers });
}

/** Messages of the next `count` lines. */
async function messages(socket: WebSocket, count: number): Promise<string[]> {
  const found: string[] = [];
  for await (const [data] of on(socket, 'message', { close: ['close'] })) {
    found.push((JSON.parse(String(data)) as LogLine).message);
    if (found.length === count) break;
  }
  socket.close();
  return found;
}

/** The answer to an upgrade that is refused. */
async function refusal(
  socket: WebSocket,
): Promise<{ status: number; headers: IncomingMessage['headers']; body: unknown }> {
  socket.on('error', () => undefined);
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode ?? 0, headers: response.headers, body: JSON.parse(text) };
}

describe('/ws/logs', () => {
  test('sends the last fifty lines, then what comes', async () => {
    api = await startApi();
    for (let index = 0; index < 60; index += 1) api.logs.append(line(`old ${index}`));
    const socket = connectTo();
    const received = messages(socket, 51);
    await once(socket, 'message');
    api.logs.append(line('new'));
    const found = await received;
    expect([found[0], found[49], found[50]]).toEqual(['old 10', 'old 59', 'new']);
  });

  test('sends what was asked for by level, component and number', async () => {
    api = await startApi();
    api.logs.append(line('debugged', { level: 'debug' }));
    api.logs.append(line('elsewhere', { level: 'error', component: 'worker' }));
    api.logs.append(line('warned', { level: 'warn' }));
    api.logs.append(line('failed', { level: 'error' }));
    expect(await messages(connectTo('?level=warn&component=api&backfill=5'), 2)).toEqual(['warned', 'failed']);
    expect(await messages(connectTo('?level=warn&backfill=1'), 1)).toEqual(['failed']);
  });

  test('is refused without or with wrong credentials, by an ordinary answer', async () => {
    api = await startApi();
    for (const headers of [{}, { authorization: basic('admin', 'wrong') }]) {
      const { status, headers: answered, body } = await refusal(connectTo('', headers as Record<string, string>));
      expect({ status, challenge: answered['www-authenticate'] }).toEqual({
        status: 401,
        challenge: 'Basic realm="Talos"',
      });
      expect(body).toMatchObject({ code: 'UNAUTHENTICATED' });
    }
    expect(api.audit.events().map(({ type }) => type)).toEqual(['sign-in-failed']);
  });

  test('shares the limit of wrong guesses with HTTP', async () => {
    api = await startApi();
    for (let guess = 0; guess < 10; guess += 1) {
      await refusal(connectTo('', { authorization: basic('admin', `socket ${guess}`) }));
      await api.call('/metrics', { headers: { authorization: basic('admin', `http ${guess}`) } });
    }
    expect(await refusal(connectTo())).toMatchObject({ status: 429 });
    expect((await api.ask('/metrics')).status).toBe(429);
    expect(api.checked).toHaveLength(20);
  });

  test('is refused to pages of other origins and under other names', async () => {
    api = await startApi();
    for (const headers of [{ origin: 'https://evil.example' }, { origin: 'null' }, { host: 'evil.example' }]) {
      expect(
        await refusal(connectTo('', { authorization: right, ...headers } as Record<string, string>)),
      ).toMatchObject({ status: 403 });
    }
    const socket = connectTo('', { authorization: right, origin: `http://localhost:${api.port}` });
    await once(socket, 'open');
    socket.close();
  });

  test('is open to the owner on the Unix socket', async () => {
    api = await startApi();
    api.logs.append(line('hello'));
    const socket = new WebSocket(`ws+unix:${api.socket}:/ws/logs?backfill=1`, { headers: { host: 'localhost' } });
    expect(await messages(socket, 1)).toEqual(['hello']);
  });

  test.each(['?level=loud', '?backfill=-1', '?backfill=5000', '?lines=5', '?level=info&level=warn'])(
    'is refused for the query %s',
    async (query) => {
      api = await startApi();
      expect(await refusal(connectTo(query))).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED' } });
    },
  );

  test('is at that path alone, and only a WebSocket', async () => {
    api = await startApi();
    const socket = new WebSocket(`ws://127.0.0.1:${api.port}/metrics/logs`, { headers: { authorization: right } });
    expect(await refusal(socket)).toMatchObject({ status: 404 });
    expect((await api.ask('/ws/logs')).body).toMatchObject({ code: 'VALIDATION_FAILED' });
  });

  test.each([
    { 'sec-websocket-version': '13' },
    { 'sec-websocket-version': '7', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' },
  ])('cannot be made of an upgrade with %j, which is told as a problem', async (headers) => {
    api = await startApi();
    const answer = await api.ask('/ws/logs', { headers: { connection: 'upgrade', upgrade: 'websocket', ...headers } });
    expect(answer).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED', errors: [{ field: 'Upgrade' }] } });
    expect(answer.headers['content-type']).toBe('application/problem+json');
  });

  test('is closed by the server when it shuts down', async () => {
    api = await startApi();
    const socket = connectTo();
    await once(socket, 'open');
    const closed = once(socket, 'close');
    await api.close();
    expect((await closed)[0]).toBe(1001);
  });

  test('drops a client that sends what it may not', async () => {
    api = await startApi();
    const socket = connectTo();
    await once(socket, 'open');
    socket.on('error', () => undefined);
    socket.send('x'.repeat(5000));
    await once(socket, 'close');
    expect((await api.ask('/metrics')).status).toBe(200);
  });

  test('drops a client that does not read', async () => {
    api = await startApi();
    const socket = connectTo('?backfill=0');
    await once(socket, 'open');
    socket.pause();
    const closed = once(socket, 'close');
    const text = 'x'.repeat(8000);
    for (let index = 0; index < 1500; index += 1) {
      api.logs.append(line(text));
      if (index % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    socket.resume();
    expect((await closed)[0]).toBe(1006);
  });
});
