import { describe, expect, it } from 'vitest';

import { createOllama } from '../../../adapters/ollama.ts';
import { type Handler, startFakeServer } from './fake-server.ts';

const signal = AbortSignal.timeout(50_000);

function json(value: unknown): Handler {
  return (response) => void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

describe('the list of installed models', () => {
  const list = json({ models: [{ name: 'x:latest', digest: 'd', size: 1 }] });

  it('is asked for once for two seconds, also by callers at the same time', async () => {
    await using server = await startFakeServer(list);
    let time = 1000;
    const ollama = createOllama({ url: server.url, now: () => time });
    await Promise.all([ollama.installed(), ollama.installed()]);
    time += 1999;
    await expect(ollama.installed()).resolves.toEqual([{ name: 'x:latest', digest: 'd', sizeBytes: 1 }]);
    expect(server.paths).toEqual(['/api/tags']);
    time += 1;
    await ollama.installed();
    expect(server.paths).toHaveLength(2);
  });

  it('is asked for again after a failure and after the clock was set back', async () => {
    let broken = true;
    await using server = await startFakeServer((response, request) =>
      broken ? void response.writeHead(500).end('{"error":"starting"}') : list(response, request),
    );
    let time = 10_000;
    const ollama = createOllama({ url: server.url, now: () => time });
    await expect(ollama.installed()).rejects.toMatchObject({ code: 'MODEL_UNAVAILABLE' });
    broken = false;
    await expect(ollama.installed()).resolves.toHaveLength(1);
    time = 0;
    await ollama.installed();
    expect(server.paths).toHaveLength(3);
  });

  it.each([
    ['nothing', {}, []],
    ['null, as an empty server does', { models: null }, []],
  ])('is empty when the server says %s', async (_, reply, expected) => {
    await using server = await startFakeServer(json(reply));
    await expect(createOllama({ url: server.url }).installed()).resolves.toEqual(expected);
    await expect(createOllama({ url: server.url }).resident()).resolves.toEqual(expected);
  });

  it.each([
    ['another shape', json({ models: 7 })],
    ['no JSON', (response) => void response.end('hello')],
  ] satisfies [string, Handler][])('is refused with %s', async (_, handler) => {
    await using server = await startFakeServer(handler);
    const failure = { code: 'MODEL_UNAVAILABLE', details: { reason: 'bad-reply' } };
    await expect(createOllama({ url: server.url }).installed()).rejects.toMatchObject(failure);
  });
});

describe('embeddings', () => {
  const ask = async (handler: Handler, texts: string[], deadline = signal) => {
    await using server = await startFakeServer(handler);
    return await createOllama({ url: server.url }).embed({ model: 'e', texts }, deadline);
  };

  it('are made into unit vectors', async () => {
    await expect(ask(json({ embeddings: [[3, 4]] }), ['x'])).resolves.toEqual([[0.6, 0.8]]);
  });

  it.each([
    ['fewer vectors than texts', { embeddings: [[1, 0]] }],
    ['vectors of two lengths', { embeddings: [[1, 0], [1]] }],
    [
      'a vector without direction',
      {
        embeddings: [
          [0, 0],
          [1, 0],
        ],
      },
    ],
    ['no vectors', { ok: true }],
  ])('are refused with %s', async (_, reply) => {
    await expect(ask(json(reply), ['x', 'y'])).rejects.toMatchObject({ details: { reason: 'bad-reply' } });
  });

  it('are a model timeout when the deadline of the caller passes', async () => {
    await expect(ask(() => undefined, ['x'], AbortSignal.timeout(100))).rejects.toMatchObject({
      code: 'MODEL_TIMEOUT',
    });
  });

  it('are refused when the model is none for embedding', async () => {
    const handler: Handler = (response) => void response.writeHead(501).end('{"error":"no embeddings"}');
    await expect(ask(handler, ['x'])).rejects.toMatchObject({ code: 'MODEL_REFUSED' });
  });
});

describe('a ping', () => {
  it('of a server that hangs is unavailable, not a slow model', async () => {
    await using server = await startFakeServer(() => undefined);
    const ping = createOllama({ url: server.url }).ping(AbortSignal.timeout(100));
    await expect(ping).rejects.toMatchObject({ code: 'MODEL_UNAVAILABLE', details: { reason: 'no-answer' } });
  });
});
