import { createHash } from 'node:crypto';

import { TalosError } from '../../domain/errors.ts';
import { testModels, type TestModelName } from '../../domain/models/choose.ts';
import type { OllamaCall } from '../ollama-failures.ts';
import { request, withClient } from '../ollama-http.ts';
import { buildBagEmbedder } from './bag-embed.ts';
import { buildScriptedChat } from './scripted-chat.ts';

/** One thread is fastest for models this small, and more threads would wait for each other on a busy machine. */
const parameters = { num_thread: 1, temperature: 0 } as const;

const builders: Record<TestModelName, () => Buffer> = {
  [testModels.chat]: () => buildScriptedChat({ name: 'Talos built-in test model', thinking: false }),
  [testModels.thinking]: () => buildScriptedChat({ name: 'Talos built-in thinking test model', thinking: true }),
  [testModels.embedding]: () => buildBagEmbedder('Talos built-in test embedder'),
};

type ModelCall = OllamaCall & { readonly model: string };

type EnsureOptions = {
  readonly url: string;
  readonly signal: AbortSignal;
  readonly models?: readonly TestModelName[];
};

/** The file of a built-in model, the same bytes every time. */
export function buildTestModel(name: TestModelName): Buffer {
  return builders[name]();
}

/** Makes the built-in test models in an Ollama server where they are missing or older than this Talos. Failures as for LanguageModel. */
export async function ensureTestModels({
  url,
  signal,
  models = Object.values(testModels),
}: EnsureOptions): Promise<void> {
  for (const model of models) {
    const call = { url, model };
    const file = buildTestModel(model);
    const digest = createHash('sha256').update(file).digest('hex');
    const found = await inspect(call, digest, signal);
    if (found === 'current') continue;
    // an older one leaves the memory first, or it would go on answering
    if (found === 'older')
      await withClient(call, signal, (client) => client.generate({ model, prompt: '', keep_alive: 0 }));
    await create(call, { file, digest }, signal);
  }
}

/** The server names the file a model was made of in its `FROM` line. */
async function inspect(call: ModelCall, digest: string, signal: AbortSignal): Promise<'current' | 'older' | 'missing'> {
  try {
    const { modelfile } = await withClient(call, signal, (client) => client.show({ model: call.model }));
    const lines = Object.entries(parameters).map(([name, value]) => `PARAMETER ${name} ${value}`);
    return [`sha256-${digest}`, ...lines].every((part) => modelfile.includes(part)) ? 'current' : 'older';
  } catch (thrown) {
    if (thrown instanceof TalosError && thrown.code === 'MODEL_MISSING') return 'missing';
    throw thrown;
  }
}

async function create(call: ModelCall, blob: { file: Buffer; digest: string }, signal: AbortSignal): Promise<void> {
  const id = `sha256:${blob.digest}`;
  await request(call, `${call.url}/api/blobs/${id}`, { method: 'POST', body: new Uint8Array(blob.file), signal });
  const body = JSON.stringify({ model: call.model, files: { 'model.gguf': id }, parameters, stream: false });
  const response = await request(call, `${call.url}/api/create`, { method: 'POST', body, signal });
  await response.body?.cancel();
}
