import { randomBytes } from 'node:crypto';

import { afterAll, beforeAll, inject } from 'vitest';

import { createMemoryLanguageModel } from '../../adapters/memory/language-model.ts';
import { createOllama } from '../../adapters/ollama.ts';
import { ensureTestModels } from '../../adapters/test-model/ensure.ts';
import { buildScriptedChat } from '../../adapters/test-model/scripted-chat.ts';
import { createModel, deleteModel } from '../integration/ollama/model-files.ts';
import { describeLanguageModel } from './language-model-suite.ts';

describeLanguageModel('language model in memory', async () => ({
  model: createMemoryLanguageModel({ models: ['talos-test', 'talos-test-think', 'talos-test-embed', 'own'] }),
  ownModel: 'own',
}));

const url = inject('stack').ollama;
const ownModel = `own-${randomBytes(6).toString('hex')}`;

beforeAll(async () => {
  await ensureTestModels({ url, signal: AbortSignal.timeout(60_000) });
  await createModel(url, ownModel, buildScriptedChat({ name: ownModel, thinking: false }));
});
afterAll(() => deleteModel(url, ownModel));

describeLanguageModel('language model in Ollama', async () => ({ model: createOllama({ url }), ownModel }));
