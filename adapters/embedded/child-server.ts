import { createChatModel } from './chat-model.ts';
import { Failure } from './failure.ts';
import { type Llama, type LlamaEmbeddingContext, type LlamaModel, loadLibrary } from './library.ts';
import type { ChildRequest, ChildWord } from './protocol.ts';
import { writesCalls } from './tool-calls.ts';

/** Most tokens of a text that is embedded; more of it would cost memory and say little. */
const mostEmbedTokens = 8192;

/** A beginning, an end and one that must stay free. */
const ownTokens = 3;

type Loaded = { readonly onCpu: boolean; readonly model: LlamaModel };

/** Does what is asked of one model, in turn. The model is loaded when it is first needed. */
export async function createChildServer({ program, file }: { program: string; file: string }) {
  const { library, Template, hasGpuBuild } = await loadLibrary(program);
  const llama = await library.getLlama({
    build: 'never',
    gpu: hasGpuBuild ? 'auto' : false,
    logLevel: 'disabled',
    progressLogs: false,
    skipDownload: true,
  });
  const threads = threadsFor(llama);
  let loaded: Loaded | undefined;
  let chat: ReturnType<typeof createChatModel> | undefined;
  let embedding: LlamaEmbeddingContext | undefined;

  /** Another place for the model means another load; without a graphics card there is but one. */
  async function load(offGpu = false): Promise<LlamaModel> {
    const onCpu = offGpu && hasGpuBuild;
    if (loaded?.onCpu === onCpu) return loaded.model;
    await loaded?.model.dispose();
    [loaded, chat, embedding] = [undefined, undefined, undefined];
    const model = await llama.loadModel({ modelPath: file, ...(onCpu && { gpuLayers: 0 }) }).catch((error: unknown) => {
      if (error instanceof library.InsufficientMemoryError) throw error;
      throw new Failure('not-a-model', error instanceof Error ? error.message : String(error));
    });
    loaded = { onCpu, model };
    return model;
  }

  async function* work(request: ChildRequest, signal: AbortSignal): AsyncGenerator<ChildWord, void> {
    switch (request.type) {
      case 'load':
        yield { type: 'loaded', ...abilitiesOf(await load(request.onCpu)) };
        return;
      case 'embed': {
        const model = await load();
        embedding ??= await model.createEmbeddingContext({ contextSize: embedTokens(model), threads });
        yield* embed({ model, embedding, texts: request.texts }, signal);
        return;
      }
      case 'chat': {
        const model = await load(request.onCpu);
        chat ??= createChatModel({ library, llama, model, template: new Template(templateOf(model)), threads });
        yield* chat.answer(abilitiesOf(model).tools ? request : { ...request, tools: [] }, signal);
        return;
      }
      case 'abort':
        return; // heard where requests come in
    }
  }

  return {
    work,
    /** What to tell of an error. */
    failureOf(error: unknown): Extract<ChildWord, { type: 'failed' }> {
      const text = (error instanceof Error ? error.message : String(error)).slice(0, 500);
      if (error instanceof Failure) return { type: 'failed', failure: error.failure, text };
      const failure = error instanceof library.InsufficientMemoryError ? 'no-memory' : 'broken';
      return { type: 'failed', failure, text };
    },
  };
}

/** One core stays free: threads that wait for a busy one make everything many times slower. */
function threadsFor(llama: Llama): number {
  return Math.max(1, llama.cpuMathCores - 1);
}

function embedTokens(model: LlamaModel): number {
  return Math.min(model.trainContextSize, mostEmbedTokens);
}

function templateOf(model: LlamaModel): string {
  const template = model.fileInfo.metadata.tokenizer?.chat_template;
  if (typeof template === 'string' && template !== '') return template;
  throw new Failure('refused', 'the file has no chat template, so it is no model to talk to');
}

/** What a chat template makes of a model; an embedder has none. */
function abilitiesOf({ fileInfo }: LlamaModel): { tools: boolean; thinking: boolean } {
  const template = fileInfo.metadata.tokenizer?.chat_template;
  const text = typeof template === 'string' ? template : '';
  return { tools: writesCalls(text), thinking: /enable_thinking|<think>/.test(text) };
}

async function* embed(
  { model, embedding, texts }: { model: LlamaModel; embedding: LlamaEmbeddingContext; texts: readonly string[] },
  signal: AbortSignal,
): AsyncGenerator<ChildWord, void> {
  const vectors: number[][] = [];
  for (const text of texts) {
    signal.throwIfAborted();
    const tokens = model.tokenize(text, false).slice(0, embedTokens(model) - ownTokens);
    vectors.push([...(await embedding.getEmbeddingFor(tokens)).vector]);
    yield { type: 'working' };
  }
  yield { type: 'vectors', vectors };
}
