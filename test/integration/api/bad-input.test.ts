import { connect } from 'node:net';

import { afterEach, describe, expect, test } from 'vitest';

import { TalosError } from '../../../domain/errors.ts';
import { createMemoryChat } from '../../../adapters/memory/conversation-store.ts';
import { right, startApi, type TestApi } from './support.ts';

let api: TestApi;
afterEach(() => api.close());

const json = { 'content-type': 'application/json' };
const post = (body: unknown, headers: Record<string, string> = {}) => api.ask('/chat', { body, headers });

describe('a body', () => {
  test.each([
    ['{', 'BODY_NOT_JSON'],
    ['', 'BODY_NOT_JSON'],
    ['message=hi', 'BODY_NOT_JSON'],
    ["{'message':'hi'}", 'BODY_NOT_JSON'],
    ['{"message":"hi"} x', 'BODY_NOT_JSON'],
    ['null', 'VALIDATION_FAILED'],
    ['"hi"', 'VALIDATION_FAILED'],
    ['[]', 'VALIDATION_FAILED'],
    ['['.repeat(100_000), 'BODY_NOT_JSON'],
    [`${'['.repeat(100_000)}${']'.repeat(100_000)}`, 'VALIDATION_FAILED'],
  ])('of %j is refused with %s', async (body, code) => {
    api = await startApi();
    const answer = await api.ask('/chat', { method: 'POST', body, headers: json });
    expect({ status: answer.status, code: answer.body['code'] }).toEqual({ status: 400, code });
  });

  test('that is not UTF-8 is refused', async () => {
    api = await startApi();
    const latin1 = Buffer.from('{"message":"h\u00e4llo"}', 'latin1');
    expect((await post(latin1, json)).body).toMatchObject({ code: 'BODY_NOT_JSON' });
    expect((await post(Buffer.from('{"message":"h\u00e4llo"}'), json)).status).toBe(200);
  });

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonx',
    'application/json; charset=latin1',
  ])('of the type %s is refused', async (type) => {
    api = await startApi();
    const { status, body } = await post('{"message":"hi"}', { 'content-type': type });
    expect({ status, code: body['code'] }).toEqual({ status: 415, code: 'UNSUPPORTED_MEDIA_TYPE' });
  });

  test.each(['application/json', 'application/json; charset=utf-8', 'Application/JSON;charset="UTF-8"'])(
    'of the type %s is taken',
    async (type) => {
      api = await startApi();
      expect((await post('{"message":"hi"}', { 'content-type': type })).status).toBe(200);
    },
  );

  test('that is missing or compressed is refused', async () => {
    api = await startApi();
    expect((await api.ask('/chat', { method: 'POST' })).status).toBe(415);
    expect((await post(Buffer.from('x'), { ...json, 'content-encoding': 'gzip' })).status).toBe(415);
  });

  test('over 256 KB is refused, one of 256 KB is taken', async () => {
    api = await startApi();
    const sized = (bytes: number) => JSON.stringify({ message: 'x'.repeat(bytes - '{"message":""}'.length) });
    const { status, body } = await post(sized(256 * 1024 + 1), json);
    expect({ status, code: body['code'] }).toEqual({ status: 413, code: 'BODY_TOO_LARGE' });
    expect((await post(sized(256 * 1024), json)).status).toBe(200);
  });

  test.each([
    [{}, 'message'],
    [{ message: '' }, 'message'],
    [{ message: 7 }, 'message'],
    [{ message: null }, 'message'],
    [{ message: ['hi'] }, 'message'],
    [{ message: 'a\u0000b' }, 'message'],
    [{ message: 'a\ud800b' }, 'message'],
    [{ message: '\udc00' }, 'message'],
    [{ message: 'hi', conversation: '' }, 'conversation'],
    [{ message: 'hi', conversation: '../etc' }, 'conversation'],
    [{ message: 'hi', conversation: 'a.b' }, 'conversation'],
    [{ message: 'hi', conversation: 'x'.repeat(65) }, 'conversation'],
    [{ message: 'hi', force_cloud: true }, 'force_cloud'],
    [{ message: 'hi', ['x'.repeat(300)]: 1 }, 'x'.repeat(64)],
  ])('of %j names the field that is wrong', async (body, field) => {
    api = await startApi();
    const answer = await post(body);
    expect({ status: answer.status, body: answer.body }).toMatchObject({
      status: 400,
      body: { code: 'VALIDATION_FAILED', errors: [{ field, problem: expect.any(String) }] },
    });
    expect(api.runtime.started()).toEqual([]);
  });

  test('with several wrong fields names them all, and not without end', async () => {
    api = await startApi();
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`field${index}`, 1]));
    const { body, text } = await post({ message: 1, conversation: '!', ...many });
    expect(body['errors']).toHaveLength(20);
    expect(text.length).toBeLessThan(4000);
  });

  test('with __proto__ or doubled keys harms nothing', async () => {
    api = await startApi();
    const { status, body } = await post(
      '{"message":"hi","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}',
      json,
    );
    expect(status).toBe(400);
    expect(body['errors']).toEqual([
      { field: '__proto__', problem: 'there is no such field' },
      { field: 'constructor', problem: 'there is no such field' },
    ]);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    await post('{"message":"first","message":"last","conversation":"c"}', { ...json, 'idempotency-key': 'k' });
    expect((await api.conversations.message({ conversation: 'c', key: 'k' }))?.text).toBe('last');
  });

  test('keeps whatever text it is well-formed in', async () => {
    api = await startApi();
    const text = '<script>\u202e"\\\n\t\u{1F468}\u200d\u{1F469} ${x} %s \u0001';
    await api.say(text, { conversation: 'c', key: 'k' });
    expect((await api.conversations.message({ conversation: 'c', key: 'k' }))?.text).toBe(text);
  });
});

describe('an address', () => {
  test('that does not exist is not found', async () => {
    api = await startApi();
    for (const path of ['/', '/chats', '/chat/a.b/c', '/skill', '/docs', '//', '/.env', '/panic/unlock/more']) {
      expect((await api.ask(path)).body).toMatchObject({ code: 'NOT_FOUND', status: 404, instance: path });
    }
  });

  test.each([
    ['/chat', 'GET', 'POST'],
    ['/chat', 'PUT', 'POST'],
    ['/chat/c.k', 'POST', 'GET, HEAD, DELETE'],
    ['/health', 'POST', 'GET, HEAD'],
    ['/panic', 'DELETE', 'POST, GET, HEAD'],
    ['/metrics', 'OPTIONS', 'GET, HEAD'],
  ])('%s does not take %s and says what it takes', async (path, method, allow) => {
    api = await startApi();
    const { status, headers, body } = await api.ask(path, { method });
    expect({ status, allow: headers.allow, code: body['code'] }).toEqual({
      status: 405,
      allow,
      code: 'METHOD_NOT_ALLOWED',
    });
  });

  test('answers HEAD with the head alone', async () => {
    api = await startApi();
    expect(await api.ask('/metrics', { method: 'HEAD' })).toMatchObject({ status: 200, text: '' });
  });

  test('is served also to a client that offers another protocol', async () => {
    api = await startApi();
    const headers = { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABk' };
    expect((await api.ask('/chat', { body: { message: 'hi' }, headers })).status).toBe(200);
  });
});

describe('what is wrong with a request', () => {
  test.each([
    ['GET', '/ws/logs', 'Upgrade'],
    ['GET', '/chat/%ff', 'path'],
    ['GET', '/models/pulls/..%2f..', 'model'],
    ['DELETE', '/models/%00', 'model'],
  ])('of %s %s is told by the field, also where no schema found it', async (method, path, field) => {
    api = await startApi();
    const { status, body } = await api.ask(path, { method });
    expect({ status, body }).toMatchObject({
      status: 400,
      body: { code: 'VALIDATION_FAILED', errors: [{ field, problem: body['detail'] }] },
    });
  });
});

describe('a failure inside', () => {
  test('is told without a detail and logged once, with its cause and the id the client has', async () => {
    const { conversations } = createMemoryChat();
    const failing = { ...conversations, conversations: () => Promise.reject(new Error('secret /root/path')) };
    api = await startApi({ deps: { conversations: failing } });
    const { status, headers, text, body } = await api.ask('/conversations');
    expect({ status, code: body['code'] }).toEqual({ status: 500, code: 'INTERNAL' });
    expect(text).not.toMatch(/secret|root|stack/);
    const errors = api.logged.filter(({ level }) => level === 'error');
    expect(errors).toHaveLength(1);
    expect(errors[0]?.fields).toMatchObject({ correlationId: headers['x-correlation-id'], code: 'INTERNAL' });
    expect(errors[0]?.fields['err']).toMatchObject({ cause: { message: expect.stringContaining('secret') } });
  });

  test('of an engine is told with its code and what to do', async () => {
    const { conversations } = createMemoryChat();
    const error = new TalosError('STORE_UNAVAILABLE', 'Redis is away.', { details: { fix: './talos doctor' } });
    api = await startApi({ deps: { conversations: { ...conversations, accept: () => Promise.reject(error) } } });
    const { status, body } = await api.say('hi');
    expect({ status, body }).toMatchObject({
      status: 503,
      body: { code: 'STORE_UNAVAILABLE', detail: 'Redis is away.', fix: './talos doctor' },
    });
  });

  test('of the client, which sends half a request and leaves, troubles nobody', async () => {
    api = await startApi();
    const socket = connect(api.port, '127.0.0.1');
    const head = `POST /chat HTTP/1.1\r\nHost: localhost:${api.port}\r\nAuthorization: ${right}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"mess`;
    await new Promise<void>((resolve) => {
      socket.write(head, () => resolve());
    });
    socket.destroy();
    expect((await api.say('hi')).status).toBe(200);
    expect(api.logged.filter(({ level }) => level === 'error')).toEqual([]);
    expect(api.runtime.started()).toHaveLength(1);
  });
});
