import { inject, onTestFinished } from 'vitest';

import { createMemoryModelStore } from '../../adapters/memory/model-store.ts';
import { createOllamaStore } from '../../adapters/ollama-store.ts';
import { modelFile } from '../support/model-file.ts';
import { startRegistry } from '../support/registry.ts';
import { describeModelStore } from './model-store-suite.ts';

describeModelStore('models in memory', async () => ({
  store: createMemoryModelStore({ offered: { 'tiny:latest': { sizeBytes: 1000 } } }),
  known: 'tiny',
  unknown: 'nobody',
}));

describeModelStore('models of an Ollama server', async () => {
  const registry = await startRegistry({ 'tiny:latest': modelFile(200_000) });
  const store = createOllamaStore({ url: inject('stack').ollama });
  onTestFinished(async () => {
    await store.remove(registry.listed());
    await registry.close();
  });
  return { store, known: registry.name(), unknown: registry.name('nobody:latest') };
});
