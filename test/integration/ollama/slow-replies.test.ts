import { afterEach, expect, it } from 'vitest';

import { createOllama } from '../../../adapters/ollama.ts';
import { createOpenai } from '../../../adapters/openai.ts';
import { collect, saying, textOf } from '../../contract/chat-suite.ts';
import { ending, event, listed } from '../local-engines/openai-talk.ts';
import { chatLine, lastLine, startFakeServer } from './fake-server.ts';

/** Where Node keeps what `fetch` sends by; its limits are minutes. */
const dispatcher = Symbol.for('undici.globalDispatcher.1');
const usual: unknown = Reflect.get(globalThis, dispatcher);
afterEach(() => void Reflect.set(globalThis, dispatcher, usual));

/** Makes `fetch` give up on a reply after a moment. */
async function hurryFetch(): Promise<void> {
  await fetch('http://127.0.0.1:9').catch(() => undefined); // only then is it there
  const { constructor } = Reflect.get(globalThis, dispatcher) as object;
  Reflect.set(globalThis, dispatcher, Reflect.construct(constructor, [{ headersTimeout: 100 }]));
}

it('a model may take as long to load as its signal allows, however long fetch would wait', async () => {
  const loaded = Promise.withResolvers<void>();
  await using server = await startFakeServer(async (response, { path }) => {
    if (path !== '/api/generate') return; // never
    await loaded.promise;
    response.end('{"done":true}');
  });
  await hurryFetch();
  const loading = createOllama({ url: server.url }).load('slow', AbortSignal.timeout(30_000));
  loading.catch(() => undefined); // told below
  await expect(fetch(server.url)).rejects.toThrow();
  loaded.resolve();
  await loading;
});

it('a load ends with its signal', async () => {
  const asked = new AbortController();
  await using server = await startFakeServer(() => asked.abort(new Error('enough')));
  await expect(createOllama({ url: server.url }).load('slow', asked.signal)).rejects.toThrow('enough');
});

it.each([
  ['Ollama', chatLine('Hi') + lastLine, (url: string) => createOllama({ url })],
  ['a server that speaks as OpenAI does', event({ content: 'Hi' }) + ending, (url: string) => createOpenai({ url })],
])(
  'an answer of %s may begin as late as its prompt is long, however long fetch would wait',
  async (_, answer, open) => {
    const read = Promise.withResolvers<void>();
    await using server = await startFakeServer(async (response, { path }) => {
      if (path === '/models') return void response.writeHead(200, { 'content-type': 'application/json' }).end(listed);
      if (path === '/') return; // never
      await read.promise;
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end(answer);
    });
    await hurryFetch();
    const answering = collect(
      open(server.url).chat(saying('hi', { model: 'talos-test' }), AbortSignal.timeout(30_000)),
    );
    answering.catch(() => undefined); // told below
    await expect.poll(() => server.paths).toContainEqual(expect.stringMatching(/chat/));
    await expect(fetch(server.url)).rejects.toThrow();
    read.resolve();
    expect(textOf(await answering)).toBe('Hi');
  },
);

it.each([
  ['Ollama', (url: string) => createOllama({ url })],
  ['a server that speaks as OpenAI does', (url: string) => createOpenai({ url })],
])(
  'a server in place of %s that turns to another protocol is unavailable, and nobody waits for it',
  async (_, open) => {
    await using server = await startFakeServer((response, { path }) => {
      if (path === '/models') return void response.writeHead(200, { 'content-type': 'application/json' }).end(listed);
      response.socket?.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\n');
    });
    const answering = collect(
      open(server.url).chat(saying('hi', { model: 'talos-test' }), AbortSignal.timeout(30_000)),
    );
    await expect(answering).rejects.toMatchObject({ code: 'MODEL_UNAVAILABLE' });
  },
);
