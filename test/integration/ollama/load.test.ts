import { afterEach, expect, it } from 'vitest';

import { createOllama } from '../../../adapters/ollama.ts';
import { startFakeServer } from './fake-server.ts';

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
