import { randomBytes } from 'node:crypto';

import { expect, inject, it } from 'vitest';

import { createOllama } from '../../../adapters/ollama.ts';
import { ensureTestModels } from '../../../adapters/test-model/ensure.ts';
import { buildScriptedChat } from '../../../adapters/test-model/scripted-chat.ts';
import { collect, saying, textOf } from '../../contract/language-model-suite.ts';
import { startFakeServer } from './fake-server.ts';
import { createModel, deleteModel } from './model-files.ts';
import { startOwnOllama } from './own-ollama.ts';

const signal = AbortSignal.timeout(55_000);

it('makes all three models in an empty server, and doing it again changes nothing', async () => {
  await using server = await startOwnOllama();
  await ensureTestModels({ url: server.url, signal });
  const installed = await createOllama({ url: server.url }).installed();
  expect(installed.map(({ name }) => name).toSorted()).toEqual([
    'talos-test-embed:latest',
    'talos-test-think:latest',
    'talos-test:latest',
  ]);
  const made = await madeAt(server.url);
  await ensureTestModels({ url: server.url, signal });
  expect(await madeAt(server.url)).toEqual(made);
});

it('makes each model once when several processes ask at the same time', async () => {
  await using server = await startOwnOllama();
  const ensure = () => ensureTestModels({ url: server.url, signal, models: ['talos-test'] });
  await Promise.all([ensure(), ensure(), ensure()]);
  const events = await collect(createOllama({ url: server.url }).chat(saying('hello'), signal));
  expect(textOf(events)).toBe('Hello from the built-in test model.');
});

it('replaces a model that an older version made, also in memory', async () => {
  await using server = await startOwnOllama();
  const { url } = server;
  await createModel(url, 'talos-test', buildScriptedChat({ name: 'older', thinking: true }));
  const ollama = createOllama({ url });
  await ollama.load('talos-test', signal);
  await ensureTestModels({ url, signal, models: ['talos-test'] });
  expect(await ollama.resident()).toEqual([]);
  const answer = await collect(ollama.chat(saying('hello', { think: true }), signal));
  expect(answer.some((event) => event.type === 'reasoning-delta')).toBe(false);
  const made = await madeAt(url);
  await ensureTestModels({ url, signal, models: ['talos-test'] });
  expect(await madeAt(url)).toEqual(made);
});

it('leaves other models alone', async () => {
  const url = inject('stack').ollama;
  const other = `other-${randomBytes(6).toString('hex')}`;
  await createModel(url, other, buildScriptedChat({ name: other, thinking: false }));
  try {
    await ensureTestModels({ url, signal });
    const names = (await createOllama({ url }).installed()).map(({ name }) => name);
    expect(names).toContain(`${other}:latest`);
  } finally {
    await deleteModel(url, other);
  }
});

it('fails as the model server does', async () => {
  await using full = await startFakeServer((response, { path }) => {
    response.writeHead(path === '/api/show' ? 404 : 500);
    response.end(path === '/api/show' ? '{"error":"model not found"}' : '{"error":"no space left on device"}');
  });
  await expect(ensureTestModels({ url: full.url, signal })).rejects.toMatchObject({
    code: 'MODEL_UNAVAILABLE',
    message: expect.stringContaining('no space left'),
  });
});

it('refuses a prompt longer than the window and says so', async () => {
  const url = inject('stack').ollama;
  await ensureTestModels({ url, signal, models: ['talos-test'] });
  const tooLong = saying(' small'.repeat(1000), { contextTokens: 512 });
  await expect(collect(createOllama({ url }).chat(tooLong, signal))).rejects.toMatchObject({
    code: 'MODEL_REFUSED',
    details: { reason: 'context-overflow' },
  });
});

/** When each model was last made, which a second making would change. */
async function madeAt(url: string): Promise<Record<string, string>> {
  const reply = (await (await fetch(`${url}/api/tags`)).json()) as { models: { name: string; modified_at: string }[] };
  return Object.fromEntries(reply.models.map(({ name, modified_at }) => [name, modified_at]));
}
