import { expect, it } from 'vitest';

import { createOllama } from '../../../adapters/ollama.ts';
import { createOpenai } from '../../../adapters/openai.ts';
import type { Embedder, LanguageModel } from '../../../domain/ports.ts';
import { collect, saying } from '../../contract/language-model-suite.ts';
import { startFakeServer } from '../ollama/fake-server.ts';
import { listed, signal } from './openai-talk.ts';

const engines: readonly [string, (url: string) => LanguageModel & Embedder, string][] = [
  ['Ollama', (url) => createOllama({ url }), 'OLLAMA_URL'],
  ['a server that speaks as OpenAI does', (url) => createOpenai({ url: `${url}/v1` }), 'OPENAI_BASE_URL'],
];

it.each(engines)('%s cannot pass on to another host what it is sent', async (_, create, setting) => {
  await using elsewhere = await startFakeServer((response) => void response.end('{}'));
  await using door = await startFakeServer((response, { path }) => {
    if (path === '/v1/models') response.writeHead(200, { 'content-type': 'application/json' }).end(listed);
    else response.writeHead(307, { location: `${elsewhere.url}${path}` }).end();
  });
  const engine = create(door.url);
  const failure = { code: 'MODEL_UNAVAILABLE', message: expect.stringContaining(setting) };
  await expect(collect(engine.chat(saying('a secret'), signal))).rejects.toMatchObject(failure);
  await expect(engine.embed({ model: 'talos-test', texts: ['a secret'] }, signal)).rejects.toMatchObject(failure);
  expect(door.paths.length).toBeGreaterThan(1);
  expect(elsewhere.paths).toEqual([]);
});
