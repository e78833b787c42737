import { afterEach, describe, expect, test, vi } from 'vitest';

import { TalosError } from '../../../domain/errors.ts';
import { collect, endWith, open, right, startApi, type TestApi, untilStopped } from './support.ts';

let api: TestApi;
afterEach(() => api.close());

const stream = { authorization: right, accept: 'text/event-stream' };

describe('a message on its own', () => {
  test('is not found where there is none', async () => {
    api = await startApi();
    const answers = [await api.ask('/chat/c.k'), await api.ask('/chat/c.k', { method: 'DELETE' })];
    expect(answers.map(({ status, body }) => [status, body['code']])).toEqual([
      [404, 'NOT_FOUND'],
      [404, 'NOT_FOUND'],
    ]);
  });

  test('is refused where its id cannot be one', async () => {
    api = await startApi();
    for (const id of ['kitchen', 'a.b.c', '%00.k', '..%2f..']) {
      expect((await api.ask(`/chat/${id}`)).body).toMatchObject({
        code: 'VALIDATION_FAILED',
        errors: [{ field: 'id' }],
      });
    }
    expect((await api.ask('/chat/%')).body).toMatchObject({ code: 'VALIDATION_FAILED' });
  });

  test('is told with 200 whatever its state', async () => {
    api = await startApi({ answering: endWith('MODEL_UNAVAILABLE') });
    await api.say('hi', { conversation: 'c', key: 'k' });
    const { status, body } = await api.ask('/chat/c.k');
    expect(status).toBe(200);
    expect(body).toMatchObject({ state: 'failed', error: { code: 'MODEL_UNAVAILABLE' } });
  });

  test('stops when asked, and asking again changes nothing', async () => {
    api = await startApi({ answering: untilStopped, settings: { CHAT_WAIT_SECONDS: '0' } });
    await api.say('hi', { conversation: 'c', key: 'k' });
    const first = await api.ask('/chat/c.k', { method: 'DELETE' });
    expect({ status: first.status, location: first.headers.location }).toEqual({ status: 202, location: '/chat/c.k' });
    await collect(await open({ port: api.port, path: '/chat/c.k/events', headers: stream }));
    const again = await api.ask('/chat/c.k', { method: 'DELETE' });
    expect({ status: again.status, body: again.body }).toMatchObject({
      status: 200,
      body: { state: 'stopped', response: 'half' },
    });
  });

  test('that never started is stopped by the store alone', async () => {
    api = await startApi();
    await api.conversations.accept({ conversation: 'c', key: 'k', text: 'hi', createdAt: 1 });
    expect((await api.ask('/chat/c.k', { method: 'DELETE' })).body).toMatchObject({ state: 'stopped' });
    expect(api.runtime.started()).toEqual([]);
  });

  test('that never started, because the API died between the two, starts when asked for', async () => {
    api = await startApi();
    await api.conversations.accept({ conversation: 'c', key: 'k', text: 'hi', createdAt: 1 });
    await api.ask('/chat/c.k');
    const events = await collect(await open({ port: api.port, path: '/chat/c.k/events', headers: stream }));
    expect(JSON.parse(events.at(-1)?.data ?? '')).toMatchObject({ reply: { response: 'Hello' } });
    expect(api.runtime.started()).toHaveLength(1);
  });

  test('that could not be started is named where that is told, and starts when asked for', async () => {
    api = await startApi();
    api.runtime.refuse(true);
    const { status, body } = await api.say('hi');
    expect({ status, body }).toMatchObject({ status: 503, body: { code: 'RUNTIME_UNAVAILABLE', id: 'key-2.key-3' } });
    api.runtime.refuse(false);
    await api.ask(`/chat/${String(body['id'])}`);
    expect(api.runtime.started()).toHaveLength(1);
  });

  test.each(['follow', 'message'] as const)('is named where the store goes away meanwhile: %s', async (lost) => {
    api = await startApi();
    const away = () => {
      throw new TalosError('STORE_UNAVAILABLE', 'Redis is away');
    };
    if (lost === 'follow') vi.spyOn(api.chat.tokens, 'follow').mockImplementation(away);
    else vi.spyOn(api.chat.conversations, 'message').mockImplementation(async () => away());
    const { status, body } = await api.say('hi');
    expect({ status, body }).toMatchObject({ status: 503, body: { code: 'STORE_UNAVAILABLE', id: 'key-2.key-3' } });
    vi.restoreAllMocks();
    expect((await api.ask('/chat/key-2.key-3')).body).toMatchObject({ response: 'Hello' });
  });

  test('that never started starts when its conversation is looked at', async () => {
    api = await startApi();
    await api.conversations.accept({ conversation: 'c', key: 'k', text: 'hi', createdAt: 1 });
    expect((await api.ask('/conversations/c')).body).toMatchObject({ messages: [{ key: 'k' }] });
    expect(api.runtime.started()).toHaveLength(1);
  });

  test('that never started starts later where many wait before it, however many there are', async () => {
    api = await startApi();
    const keys = Array.from({ length: 30 }, (_, place) => `k${place}`);
    for (const key of keys) await api.conversations.accept({ conversation: 'c', key, text: 'hi', createdAt: 1 });
    const { body } = await api.ask('/conversations/c');
    expect(body['messages']).toHaveLength(30);
    expect(new Set(api.runtime.started().map(({ key }) => key))).toEqual(new Set(keys.slice(0, 8)));
  });

  test('that never started starts with the next one of its conversation, and so do those before it', async () => {
    api = await startApi();
    for (const key of ['first', 'second']) {
      await api.conversations.accept({ conversation: 'c', key, text: 'hi', createdAt: 1 });
    }
    await api.say('hi', { conversation: 'c', key: 'third' });
    const signal = AbortSignal.timeout(5000);
    for (const key of ['first', 'second']) {
      for await (const { event } of api.tokens.follow({ conversation: 'c', key }, { signal })) {
        if (event.type === 'done') break;
      }
    }
    expect(new Set(api.runtime.started().map(({ key }) => key))).toEqual(new Set(['first', 'second', 'third']));
  });

  test('whose workflow was ended by hand is told as failed, not as pending for ever', async () => {
    api = await startApi({ answering: async () => undefined, settings: { CHAT_WAIT_SECONDS: '0' } });
    await api.say('hi', { conversation: 'c', key: 'k' });
    const { status, body } = await api.ask('/chat/c.k');
    expect({ status, body }).toMatchObject({ status: 200, body: { state: 'failed', error: { code: 'INTERNAL' } } });
    expect((await api.say('hi', { conversation: 'c', key: 'k' })).status).toBe(500);
  });

  test('is pending while Temporal is away, whatever became of it', async () => {
    api = await startApi({ answering: untilStopped, settings: { CHAT_WAIT_SECONDS: '0' } });
    await api.say('hi', { conversation: 'c', key: 'k' });
    api.runtime.refuse(true);
    expect((await api.ask('/chat/c.k')).body).toMatchObject({ state: 'pending' });
    expect((await api.ask('/chat/c.k', { method: 'DELETE' })).status).toBe(503);
    api.runtime.refuse(false);
  });
});

describe('conversations', () => {
  test('are listed, the latest first, a page at a time', async () => {
    api = await startApi();
    for (const conversation of ['a', 'b', 'c']) await api.say('hi', { conversation });
    const { body } = await api.ask('/conversations?limit=2');
    expect(body['conversations']).toHaveLength(2);
    expect((await api.ask('/conversations?limit=2&offset=2')).body['conversations']).toHaveLength(1);
  });

  test('hold their messages, the oldest first', async () => {
    api = await startApi();
    await api.say('one', { conversation: 'a', key: 'k1' });
    await api.say('two', { conversation: 'a', key: 'k2' });
    const { body } = await api.ask('/conversations/a');
    expect(body).toMatchObject({
      id: 'a',
      messages: [
        { key: 'k1', text: 'one', reply: 'Hello' },
        { key: 'k2', text: 'two' },
      ],
    });
    expect((await api.ask('/conversations/a?offset=1&limit=1')).body).toMatchObject({ messages: [{ key: 'k2' }] });
    expect((await api.ask('/conversations/none')).status).toBe(404);
  });

  test.each([
    'limit=0',
    'limit=201',
    'limit=x',
    'limit=',
    'limit=1&limit=2',
    'offset=-1',
    'limit=1e2',
    'page=2',
    '__proto__=1',
  ])('are not listed for ?%s', async (query) => {
    api = await startApi();
    const { status, body } = await api.ask(`/conversations?${query}`);
    expect({ status, code: body['code'] }).toEqual({ status: 400, code: 'VALIDATION_FAILED' });
  });
});
