import { randomBytes } from 'node:crypto';

import { afterAll, beforeAll, expect, inject } from 'vitest';

import { createOllama } from '../../adapters/ollama.ts';
import { createOpenai } from '../../adapters/openai.ts';
import { ensureTestModels } from '../../adapters/test-model/ensure.ts';
import { buildScriptedChat } from '../../adapters/test-model/scripted-chat.ts';
import { createModel, deleteModel } from '../integration/ollama/model-files.ts';
import { type LlamaServer, startLlamaServer } from '../support/llama-server.ts';
import { describeEmbedder } from './embedder-suite.ts';
import { describeLanguageModel } from './language-model-suite.ts';

const ollamaUrl = inject('stack').ollama;
const ownModel = `own-${randomBytes(6).toString('hex')}`;
const servers: Partial<Record<'chat' | 'thinking' | 'embedding', LlamaServer>> = {};

beforeAll(async () => {
  await ensureTestModels({ url: ollamaUrl, signal: AbortSignal.timeout(60_000) });
  await createModel(ollamaUrl, ownModel, buildScriptedChat({ name: ownModel, thinking: false }));
  servers.chat = await startLlamaServer('talos-test');
  servers.thinking = await startLlamaServer('talos-test-think');
  servers.embedding = await startLlamaServer('talos-test-embed', { flags: ['--embeddings', '--ctx-size', '512'] });
});
afterAll(async () => {
  await deleteModel(ollamaUrl, ownModel);
  for (const server of Object.values(servers)) await server[Symbol.asyncDispose]();
});

function over(use: keyof typeof servers) {
  return createOpenai({ url: servers[use]?.url ?? '' });
}

describeLanguageModel('language model of a llama.cpp server', async () => ({
  model: over('chat'),
  thinking: over('thinking'),
  ownModel: 'talos-test',
  lacks: ['unload', 'embedder', 'capabilities'],
  untilFree: () => expect.poll(() => servers.chat?.busySlots(), { timeout: 1000, interval: 20 }).toBe(0),
}));

describeEmbedder('embedder of a llama.cpp server', async () => over('embedding'));

const native = createOllama({ url: ollamaUrl });

describeLanguageModel("language model over Ollama's OpenAI interface", async () => ({
  model: createOpenai({ url: `${ollamaUrl}/v1` }),
  ownModel,
  lacks: ['unload', 'capabilities'],
  async untilFree() {
    await native.unload(ownModel);
    const resident = async () => (await native.resident()).map(({ name }) => name);
    await expect.poll(resident, { timeout: 1000, interval: 20 }).not.toContain(`${ownModel}:latest`);
  },
}));

describeEmbedder("embedder over Ollama's OpenAI interface", async () => createOpenai({ url: `${ollamaUrl}/v1` }));
