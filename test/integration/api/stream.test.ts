import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';

import { afterEach, describe, expect, test, vi } from 'vitest';

import { StreamData } from '../../../api/chat-events.ts';
import { type EventStream, openEventStream } from '../../../api/event-stream.ts';
import {
  answerWith,
  collect,
  endWith,
  eventsOf,
  open,
  right,
  startApi,
  type TestApi,
  untilStopped,
} from './support.ts';

let api: TestApi;
afterEach(async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  await api.close();
});

const stream = { authorization: right, accept: 'text/event-stream' };

describe('a streamed answer', () => {
  const post = (message: string, key = 'k') =>
    open({
      port: api.port,
      path: '/chat',
      body: { message, conversation: 'c' },
      headers: { ...stream, 'idempotency-key': key },
    });
  const follow = (headers: Record<string, string> = {}) =>
    open({ port: api.port, path: '/chat/c.k/events', headers: { ...stream, ...headers } });

  test('is over with its head for who asks for no more, and the connection takes the next request', async () => {
    api = await startApi({ answering: untilStopped });
    await post('hi');
    const client = connect(api.port, '127.0.0.1').setEncoding('utf8');
    const head = (method: string, path: string) =>
      `${method} ${path} HTTP/1.1\r\nhost: 127.0.0.1:${api.port}\r\nauthorization: ${right}\r\n\r\n`;
    client.write(head('HEAD', '/chat/c.k/events') + head('GET', '/panic'));
    let text = '';
    client.on('data', (chunk) => (text += String(chunk)));
    await expect.poll(() => text).toMatch(/text\/event-stream[^]*"locked":false/);
    client.destroy();
    await api.runtime.stopMessage({ conversation: 'c', key: 'k' });
  });

  test('comes piece by piece and ends with the reply', async () => {
    api = await startApi({ answering: answerWith(['Hel', 'lo']) });
    const response = await post('hi');
    expect(response.headers['content-type']).toBe('text/event-stream; charset=utf-8');
    const events = await collect(response);
    for (const { data } of events) expect(StreamData.safeParse(JSON.parse(data)).error).toBeUndefined();
    expect(events.map(({ id, event, data }) => [id, event, JSON.parse(data)])).toEqual([
      [undefined, 'message', { id: 'c.k', conversation: 'c' }],
      ['1-0', 'attempt-start', { type: 'attempt-start', attempt: 1 }],
      ['2-0', 'text-delta', { type: 'text-delta', text: 'Hel' }],
      ['3-0', 'text-delta', { type: 'text-delta', text: 'lo' }],
      [
        '4-0',
        'done',
        {
          type: 'done',
          state: 'answered',
          reply: expect.objectContaining({ id: 'c.k', response: 'Hello', state: 'answered' }),
        },
      ],
    ]);
  });

  test('sends its head before there is anything to say', async () => {
    api = await startApi({ answering: untilStopped });
    const response = await post('hi');
    const events = eventsOf(response);
    expect((await events.next()).value).toMatchObject({ event: 'message' });
    await api.ask('/chat/c.k', { method: 'DELETE' });
    const { value } = await events.next();
    expect(JSON.parse(value?.data ?? '')).toMatchObject({
      type: 'done',
      state: 'stopped',
      reply: { response: 'half' },
    });
  });

  test('tells a refusal in its last event', async () => {
    api = await startApi({ answering: endWith('FIREWALL_BLOCKED', 'blocked') });
    const events = await collect(await post('hi'));
    expect(JSON.parse(events.at(-1)?.data ?? '')).toMatchObject({
      state: 'blocked',
      code: 'FIREWALL_BLOCKED',
      reply: { blocked: true },
    });
  });

  test('is a problem when the message is not accepted', async () => {
    api = await startApi();
    const response = await post('');
    expect([response.statusCode, response.headers['content-type']]).toEqual([400, 'application/problem+json']);
    response.resume();
  });

  test('goes on after the last event received', async () => {
    api = await startApi({ answering: answerWith(['a', 'b', 'c']) });
    await collect(await post('hi'));
    const rest = await collect(await follow({ 'last-event-id': '3-0' }));
    expect(
      rest.map(({ event, data }) => (event === 'text-delta' ? (JSON.parse(data) as { text: string }).text : event)),
    ).toEqual(['message', 'c', 'done']);
  });

  test('survives its client: the message is answered all the same and can be followed again', async () => {
    const gate = Promise.withResolvers<void>();
    api = await startApi({
      async answering(chat, ref, signal) {
        await chat.tokens.append(ref, { type: 'text-delta', text: 'Hel' });
        await gate.promise;
        expect(signal.aborted).toBe(false);
        await chat.tokens.append(ref, { type: 'text-delta', text: 'lo' });
        await chat.conversations.settle(ref, { state: 'answered', reply: 'Hello' }, 2000);
      },
    });
    const response = await post('hi');
    let lastId = '';
    for await (const { id, event } of eventsOf(response)) {
      lastId = id ?? '';
      if (event === 'text-delta') break;
    }
    response.destroy();
    await once(response, 'close');
    gate.resolve();
    const events = await collect(await follow({ 'last-event-id': lastId }));
    expect(events.map(({ event }) => event)).toEqual(['message', 'text-delta', 'done']);
    expect((await api.ask('/chat/c.k')).body).toMatchObject({ state: 'answered', response: 'Hello' });
  });

  test.each(['x', '1', '1-0-0', `${2n ** 64n}-0`, '1-0\t2'])('refuses %j as a place to go on from', async (lastId) => {
    api = await startApi();
    await api.say('hi', { conversation: 'c', key: 'k' });
    const { status, body } = await api.ask('/chat/c.k/events', { headers: { 'last-event-id': lastId } });
    expect(status).toBe(400);
    expect(body).toMatchObject({ errors: [{ field: 'Last-Event-ID' }] });
  });

  test('of an unknown message is not found', async () => {
    api = await startApi();
    expect((await api.ask('/chat/c.k/events')).status).toBe(404);
  });

  test('ends when its message is no longer in the store, as after Redis was emptied', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    api = await startApi({ answering: untilStopped });
    const response = await post('hi');
    const events = eventsOf(response);
    expect((await events.next()).value).toMatchObject({ event: 'message' });
    vi.spyOn(api.chat.conversations, 'message').mockResolvedValue(undefined);
    vi.advanceTimersByTime(15_000);
    const last: string[] = [];
    for await (const { data } of events) last.push(data);
    expect(last.at(-1)).toContain('not in the store');
    expect((await follow()).statusCode).toBe(404);
  });

  test('of thousands of pieces arrives whole at a slow reader', async () => {
    const pieces = Array.from({ length: 3000 }, (_, index) => `${index} ${'x'.repeat(400)}`);
    api = await startApi({ answering: answerWith(pieces) });
    const response = await post('hi');
    response.pause();
    await new Promise((resolve) => setImmediate(resolve));
    const events = await collect(response);
    expect(events).toHaveLength(pieces.length + 3);
    expect(JSON.parse(events.at(-1)?.data ?? '')).toMatchObject({ reply: { response: pieces.join('') } });
  });
});

describe('a stream whose client left before it began', () => {
  let server: Server;
  afterEach(() => void server.close());

  test('is over at once: it waits for nobody and leaves no heartbeat behind', async () => {
    api = await startApi();
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const timers = vi.getTimerCount();
    const opened = Promise.withResolvers<EventStream>();
    server = createServer((_request, response) => {
      response.once('close', () => setImmediate(() => opened.resolve(openEventStream(response))));
      client.destroy();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const client = connect(typeof address === 'object' ? (address?.port ?? 0) : 0, '127.0.0.1');
    client.write('GET / HTTP/1.1\r\nhost: here\r\n\r\n');
    const stream = await opened.promise;
    await stream.send({ event: 'message', data: {} });
    expect(stream.gone.aborted).toBe(true);
    stream.end();
    expect(vi.getTimerCount()).toBe(timers);
  });
});
