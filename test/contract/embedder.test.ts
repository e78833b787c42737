import { beforeAll, inject } from 'vitest';

import { createMemoryEmbedder } from '../../adapters/memory/embedder.ts';
import { createOllama } from '../../adapters/ollama.ts';
import { ensureTestModels } from '../../adapters/test-model/ensure.ts';
import { describeEmbedder } from './embedder-suite.ts';

describeEmbedder('embedder in memory', async () => createMemoryEmbedder());

const url = inject('stack').ollama;

beforeAll(() => ensureTestModels({ url, signal: AbortSignal.timeout(60_000) }));

describeEmbedder('embedder in Ollama', async () => createOllama({ url }));
