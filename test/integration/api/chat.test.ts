import { afterEach, describe, expect, test } from 'vitest';

import { answerWith, endWith, open, right, startApi, type TestApi, untilStopped } from './support.ts';

let api: TestApi;
afterEach(() => api.close());

describe('POST /chat', () => {
  test('answers with the reply', async () => {
    api = await startApi({ answering: answerWith(['Hel', 'lo'], { memory: { state: 'empty', count: 0 } }) });
    const { status, headers, body } = await api.say('hi', { conversation: 'kitchen', key: 'k1' });
    expect(status).toBe(200);
    expect(headers['content-type']).toContain('application/json');
    expect(headers['x-correlation-id']).toBe('kitchen.k1');
    expect(body).toEqual({
      id: 'kitchen.k1',
      conversation: 'kitchen',
      state: 'answered',
      response: 'Hello',
      blocked: false,
      model: 'talos-test',
      memory: { state: 'empty', count: 0 },
      durationMs: 1000,
    });
  });

  test('tells Temporal the place and length of a message, never its text', async () => {
    api = await startApi();
    await api.say('first', { conversation: 'kitchen', key: 'k1' });
    await api.say('a secret \u{1F600}', { conversation: 'kitchen', key: 'k2' });
    expect(api.runtime.started()).toEqual([
      { conversation: 'kitchen', key: 'k1', summary: 'message 1 of kitchen, 5 characters' },
      { conversation: 'kitchen', key: 'k2', summary: 'message 2 of kitchen, 10 characters' },
    ]);
  });

  test('names the message before it that is still pending', async () => {
    api = await startApi({ answering: untilStopped, settings: { CHAT_WAIT_SECONDS: '0' } });
    await api.say('first', { conversation: 'kitchen', key: 'k1' });
    await api.say('second', { conversation: 'kitchen', key: 'k2' });
    expect(api.runtime.started()[1]).toMatchObject({ key: 'k2', after: 'k1' });
  });

  test('begins a conversation where none is named', async () => {
    api = await startApi();
    const [first, second] = await Promise.all([api.say('hi'), api.say('hi')]);
    expect(first.body['id']).toMatch(/^[\w-]+\.[\w-]+$/);
    expect(first.body['conversation']).not.toBe(second.body['conversation']);
  });

  test('answers 202 with a place to ask when the answer outlives the wait', async () => {
    api = await startApi({ answering: untilStopped, settings: { CHAT_WAIT_SECONDS: '0' } });
    const { status, headers, body } = await api.say('hi', { conversation: 'kitchen', key: 'k1' });
    expect({ status, location: headers.location }).toEqual({ status: 202, location: '/chat/kitchen.k1' });
    expect(Number(headers['retry-after'])).toBeGreaterThan(0);
    expect(body).toMatchObject({ id: 'kitchen.k1', state: 'pending', response: null });
    expect((await api.ask('/chat/kitchen.k1')).body).toMatchObject({ state: 'pending' });
  });

  test.each([
    ['FIREWALL_BLOCKED', 403],
    ['LOCKDOWN', 423],
    ['CONVERSATION_ON_HOLD', 423],
    ['MESSAGE_STOPPED', 409],
    ['MODEL_UNAVAILABLE', 503],
    ['MODEL_TIMEOUT', 504],
    ['AUDIT_UNAVAILABLE', 507],
    ['INTERNAL', 500],
    ['NEVER_HEARD_OF', 500],
  ])('tells a message that ended with %s as a problem with status %i', async (code, expected) => {
    api = await startApi({ answering: endWith(code, 'failed', 'so far') });
    const { status, headers, body } = await api.say('hi', { conversation: 'c', key: 'k' });
    expect(status).toBe(expected);
    expect(headers['content-type']).toBe('application/problem+json');
    expect(body).toMatchObject({ id: 'c.k', response: 'so far', instance: '/chat', detail: `ended with ${code}` });
    expect(body['code']).toBe(code === 'NEVER_HEARD_OF' ? 'INTERNAL' : code);
  });

  test('takes 10,001 characters to the pipeline, which refuses them', async () => {
    const long = '\u{1F600}'.repeat(10_001);
    api = await startApi({ answering: endWith('MESSAGE_TOO_LONG', 'blocked') });
    const { status, body } = await api.say(long, { conversation: 'c', key: 'k' });
    expect({ status, code: body['code'] }).toEqual({ status: 422, code: 'MESSAGE_TOO_LONG' });
    expect(api.runtime.started()[0]?.summary).toBe('message 1 of c, 10001 characters');
    expect((await api.conversations.message({ conversation: 'c', key: 'k' }))?.text).toBe(long);
  });

  test('keeps an accepted message when Temporal is away, for the same key again', async () => {
    api = await startApi();
    api.runtime.refuse(true);
    const refused = await api.say('hi', { conversation: 'c', key: 'k' });
    expect({ status: refused.status, code: refused.body['code'] }).toEqual({
      status: 503,
      code: 'RUNTIME_UNAVAILABLE',
    });
    api.runtime.refuse(false);
    expect((await api.say('hi', { conversation: 'c', key: 'k' })).body).toMatchObject({ response: 'Hello' });
    expect(api.runtime.started()).toHaveLength(1);
  });

  test('goes on with a message whose client has gone', async () => {
    const gate = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    api = await startApi({
      async answering(chat, ref, signal) {
        begun.resolve();
        await gate.promise;
        expect(signal.aborted).toBe(false);
        await answerWith(['Hello'])(chat, ref, signal);
      },
    });
    const client = new AbortController();
    const asking = open({
      port: api.port,
      path: '/chat',
      body: { message: 'hi', conversation: 'c' },
      headers: { authorization: right, 'idempotency-key': 'k' },
      signal: client.signal,
    });
    await begun.promise;
    client.abort();
    await expect(asking).rejects.toThrow();
    gate.resolve();
    const again = await api.say('hi', { conversation: 'c', key: 'k' });
    expect({ status: again.status, body: again.body }).toMatchObject({ status: 200, body: { response: 'Hello' } });
    expect(api.runtime.started()).toHaveLength(1);
  });
});

describe('Idempotency-Key', () => {
  test('gets the stored answer at once', async () => {
    api = await startApi();
    const first = await api.say('hi', { conversation: 'c', key: 'k' });
    const again = await api.say('hi', { conversation: 'c', key: 'k' });
    expect(first.headers['idempotent-replay']).toBeUndefined();
    expect(again.headers['idempotent-replay']).toBe('true');
    expect(again.body).toEqual(first.body);
    expect(api.runtime.started()).toHaveLength(1);
  });

  test('gets the stored failure, with its status', async () => {
    api = await startApi({ answering: endWith('FIREWALL_BLOCKED', 'blocked') });
    const answers = [
      await api.say('hi', { conversation: 'c', key: 'k' }),
      await api.say('hi', { conversation: 'c', key: 'k' }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([403, 403]);
    expect(answers[1]?.body).toEqual(answers[0]?.body);
  });

  test('is one run when sent twenty times at once', async () => {
    const gate = Promise.withResolvers<void>();
    api = await startApi({
      async answering(chat, ref, signal) {
        await gate.promise;
        await answerWith(['one'])(chat, ref, signal);
      },
    });
    const sent = Array.from({ length: 20 }, () => api.say('hi', { key: 'k' }));
    gate.resolve();
    const answers = await Promise.all(sent);
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
    expect(api.runtime.started()).toHaveLength(1);
  });

  test('is the same message also where no conversation is named', async () => {
    api = await startApi();
    const [first, again] = [await api.say('hi', { key: 'k' }), await api.say('hi', { key: 'k' })];
    expect(again.body).toEqual(first.body);
    expect((await api.say('hi', { key: 'other' })).body['conversation']).not.toBe(first.body['conversation']);
  });

  test('belongs to one text', async () => {
    api = await startApi();
    await api.say('hi', { key: 'k' });
    const { status, body } = await api.say('ho', { key: 'k' });
    expect({ status, code: body['code'] }).toEqual({ status: 409, code: 'IDEMPOTENCY_CONFLICT' });
  });

  test.each(['', 'a b', 'ä', 'x'.repeat(65)])('is refused when it is %j', async (key) => {
    api = await startApi();
    const { status, body } = await api.say('hi', { headers: { 'idempotency-key': encodeURI(key) } });
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: 'VALIDATION_FAILED', errors: [{ field: 'Idempotency-Key' }] });
  });
});
