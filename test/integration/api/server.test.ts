import { once } from 'node:events';
import { existsSync, renameSync, statSync } from 'node:fs';
import { Agent } from 'node:http';
import { connect, createServer } from 'node:net';

import { afterEach, describe, expect, test } from 'vitest';

import { startServer } from '../../../api/server.ts';
import { scratchFolder } from '../../support/scratch-folder.ts';
import { answerWith, collect, eventsOf, open, right, startApi, type TestApi, untilStopped } from './support.ts';

let api: TestApi;
afterEach(() => api.close());

const stream = { authorization: right, accept: 'text/event-stream' };

describe('the socket of the owner', () => {
  test('can be opened by the owner alone and vanishes with the server', async () => {
    api = await startApi();
    expect(statSync(api.socket).mode & 0o777).toBe(0o600);
    await api.close();
    expect(existsSync(api.socket)).toBe(false);
  });

  test('is taken over from a Talos that was killed', async () => {
    const home = scratchFolder();
    api = await startApi({ home });
    const { socket } = api;
    await api.close();
    const killed = createServer().listen(`${socket}.old`);
    await once(killed, 'listening');
    // Under another name the socket outlives its server, as after kill -9.
    renameSync(`${socket}.old`, socket);
    await new Promise((resolve) => killed.close(resolve));
    expect(existsSync(socket)).toBe(true);
    api = await startApi({ home });
    expect((await api.own('/health')).status).toBe(200);
    expect(statSync(socket).mode & 0o777).toBe(0o600);
  });

  test('is left alone while another Talos answers on it', async () => {
    const home = scratchFolder();
    api = await startApi({ home });
    await expect(startApi({ home })).rejects.toMatchObject({ code: 'ALREADY_RUNNING' });
    expect((await api.own('/health')).status).toBe(200);
  });
});

describe('the port', () => {
  test('that is in use is named', async () => {
    api = await startApi();
    const config = { ...api.config, ports: { ...api.config.ports, web: api.port } };
    const app = Object.assign((() => undefined) as never, { close: async () => undefined });
    const second = startServer({ app, deps: { logger: silent }, config });
    await expect(second).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      message: expect.stringContaining(String(api.port)),
    });
  });
});

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

describe('shutting down', () => {
  test('lets a running request finish', async () => {
    const gate = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    api = await startApi({
      async answering(chat, ref, signal) {
        begun.resolve();
        await gate.promise;
        await answerWith(['Hello'])(chat, ref, signal);
      },
    });
    const asked = api.say('hi');
    await begun.promise;
    const closed = api.close();
    gate.resolve();
    expect((await asked).body).toMatchObject({ response: 'Hello' });
    await closed;
    await expect(api.call('/health')).rejects.toThrow('ECONNREFUSED');
  });

  test('answers 202 to who would wait too long', async () => {
    api = await startApi({ answering: untilStopped, drain: { answerMs: 1, cutMs: 10_000 } });
    const asked = api.say('hi', { conversation: 'c', key: 'k' });
    await expect.poll(() => api.runtime.started()).toHaveLength(1);
    await api.close();
    expect(await asked).toMatchObject({ status: 202, headers: { location: '/chat/c.k' } });
  });

  test('ends streams with a comment, and the message goes on', async () => {
    api = await startApi({ answering: untilStopped });
    const response = await open({
      port: api.port,
      path: '/chat',
      body: { message: 'hi', conversation: 'c' },
      headers: { ...stream, 'idempotency-key': 'k' },
    });
    const events = eventsOf(response);
    await events.next();
    const closed = api.close();
    const rest: string[] = [];
    for await (const { event, data } of events) rest.push(`${event} ${data}`);
    expect(rest).toEqual([expect.stringMatching(/^comment .*Last-Event-ID/)]);
    await closed;
    expect((await api.conversations.message({ conversation: 'c', key: 'k' }))?.state).toBe('pending');
    await api.runtime.stopMessage({ conversation: 'c', key: 'k' });
  });

  test('refuses new requests on connections that are open', async () => {
    const gate = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const verifyPassword = async (): Promise<boolean> => {
      begun.resolve();
      await gate.promise;
      return true;
    };
    api = await startApi({ deps: { verifyPassword } });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ask = () => open({ port: api.port, path: '/metrics', headers: { authorization: right }, agent });
    const first = ask();
    await begun.promise;
    const second = ask();
    const closed = api.close();
    gate.resolve();
    (await first).resume();
    const answer = await second.then(
      (response) => response.statusCode,
      () => 'connection closed',
    );
    expect([503, 'connection closed']).toContain(answer);
    agent.destroy();
    await closed;
  });

  test('cuts what does not end', async () => {
    api = await startApi({ answering: untilStopped, drain: { answerMs: 60_000, cutMs: 1 } });
    const asked = api.say('hi').catch((error: NodeJS.ErrnoException) => error.code);
    await expect.poll(() => api.runtime.started()).toHaveLength(1);
    await api.close();
    expect(await asked).toBe('ECONNRESET');
  });

  test('waits for no client that was refused an upgrade and does not hang up', async () => {
    api = await startApi({ drain: { answerMs: 1, cutMs: 1000 } });
    const client = connect({ host: '127.0.0.1', port: api.port, allowHalfOpen: true });
    client.write(
      `GET /ws/logs HTTP/1.1\r\nhost: 127.0.0.1:${api.port}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n`,
    );
    let text = '';
    for await (const chunk of client) text += String(chunk);
    expect(text).toContain('UNAUTHENTICATED');
    await api.close();
    client.destroy();
    expect(api.logged.map(({ message }) => message)).not.toContain('connections cut at shutdown');
  });

  test('twice is as good as once', async () => {
    api = await startApi();
    await Promise.all([api.close(), api.close()]);
  });
});

describe('many at once', () => {
  test('are all answered, each with its own', async () => {
    api = await startApi({ answering: async (chat, ref, signal) => answerWith([`to ${ref.key}`])(chat, ref, signal) });
    const keys = Array.from({ length: 100 }, (_, index) => `k${index}`);
    const answers = await Promise.all(keys.map((key) => api.say(key, { conversation: `c-${key}`, key })));
    expect(answers.map(({ body }) => body['response'])).toEqual(keys.map((key) => `to ${key}`));
    const streamed = await Promise.all(
      keys.slice(0, 30).map(async (key) => {
        const response = await open({ port: api.port, path: `/chat/c-${key}.${key}/events`, headers: stream });
        return (await collect(response)).length;
      }),
    );
    expect(new Set(streamed)).toEqual(new Set([4]));
  });
});
