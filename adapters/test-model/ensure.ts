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
    const license = licenseOf(file);
    const found = await inspect(call, license, signal);
    if (found === 'current') continue;
    // an older one leaves the memory first, or it would go on answering
    if (found === 'older') {
      await withClient(call, signal, (client) => client.generate({ model, prompt: '', keep_alive: 0 }));
    }
    await create(call, { file, license }, signal);
  }
}

/** The server rewrites the file it is given; the licence text stays as it is, so it tells which revision a model is. */
function licenseOf(file: Buffer): string {
  const revision = sha256(Buffer.concat([file, Buffer.from(JSON.stringify(parameters))]));
  return `MIT. Made by Talos, revision ${revision}.`;
}

async function inspect(
  call: ModelCall,
  license: string,
  signal: AbortSignal,
): Promise<'current' | 'older' | 'missing'> {
  try {
    const shown = await withClient(call, signal, (client) => client.show({ model: call.model }));
    return shown.license === license ? 'current' : 'older';
  } catch (thrown) {
    if (thrown instanceof TalosError && thrown.code === 'MODEL_MISSING') return 'missing';
    throw thrown;
  }
}

async function create(call: ModelCall, made: { file: Buffer; license: string }, signal: AbortSignal): Promise<void> {
  const id = `sha256:${sha256(made.file)}`;
  await request(call, `${call.url}/api/blobs/${id}`, { method: 'POST', body: new Uint8Array(made.file), signal });
  const model = { model: call.model, files: { 'model.gguf': id }, parameters, license: made.license };
  const body = JSON.stringify({ ...model, stream: false });
  const response = await request(call, `${call.url}/api/create`, { method: 'POST', body, signal });
  await response.body?.cancel();
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
