import { existsSync } from 'node:fs';

import { shortModelName } from '../../domain/models/choose.ts';
import type {
  InstalledModel,
  ModelCapabilities,
  ModelEvent,
  ModelMessage,
  ModelRequest,
} from '../../domain/models/model.ts';
import { embeddedEngine } from '../../domain/models/embedded-engine.ts';
import { modelNameOf } from '../../domain/models/local-engine.ts';
import type { Embedder, LanguageModel } from '../../domain/ports.ts';
import { createThinkTagSplitter } from '../ollama-think-tags.ts';
import type { SilenceLimits } from '../ollama-silence.ts';
import { unitVectors } from '../unit-vectors.ts';
import { type EmbeddedCall, missing, notFetched, unreadable } from './failures.ts';
import { sizeOfGguf } from './gguf-file.ts';
import { createModelProcess, type ModelProcess } from './model-process.ts';
import type { ChildReply, TemplateMessage } from './protocol.ts';
import type { Order } from './running-child.ts';
import { createToolCallSplitter } from './tool-calls.ts';

type EmbeddedOptions = {
  /** The file the library begins with. */
  readonly program: string;
  /** GGUF files. */
  readonly chatFile?: string;
  readonly embedderFile?: string;
  readonly silence?: SilenceLimits;
  readonly idleMs?: number;
  /** Another program to run in place of the real child. */
  readonly childFile?: string;
};

/** A processor may need minutes for a long prompt, but tells of each portion it has read. */
const defaultSilence: SilenceLimits = { firstTokenMs: 120_000, betweenTokensMs: 60_000 };

/** Texts per request, so that none of them runs for minutes. */
const batchSize = 64;

const onlyEmbeds = { vision: false, tools: false, thinking: false, embedding: true } as const;

type Held = EmbeddedCall & { readonly process: ModelProcess };

/** A chat model and an embedder that run inside Talos, each in a process of its own. */
export function createEmbedded(options: EmbeddedOptions): LanguageModel & Embedder & { close(): void } {
  const { silence = defaultSilence, idleMs = embeddedEngine.idleMs } = options;
  const hold = (file: string | undefined, setting: string): Held | undefined => {
    if (file === undefined) return undefined;
    const call = { model: modelNameOf(file), file, setting };
    return { ...call, process: createModelProcess({ ...options, ...call, silence, idleMs }) };
  };
  const chatModel = hold(options.chatFile, 'EMBEDDED_MODEL');
  const embedder = hold(options.embedderFile, 'EMBEDDED_EMBEDDING_MODEL');
  const all = [chatModel, embedder].filter((held) => held !== undefined);

  async function find(model: string, among: readonly (Held | undefined)[], setting: string): Promise<Held> {
    const found = among.find((held) => held?.model === shortModelName(model));
    if (found === undefined) throw missing({ model, file: '', setting }, `${model} is no model of this machine`);
    if (!existsSync(options.program)) throw notFetched(options.program);
    await sizeOfGguf(found);
    return found;
  }

  return {
    async *chat(request, signal) {
      signal.throwIfAborted();
      const held = await find(request.model, [chatModel], 'EMBEDDED_MODEL');
      yield* toEvents(held.process.run(chatOrder(request), signal), request);
    },
    async embed({ model, texts }, signal) {
      signal.throwIfAborted();
      return embedTexts(await find(model, [embedder], 'EMBEDDED_EMBEDDING_MODEL'), texts, signal);
    },
    installed: async () => (await Promise.all(all.map(describe))).flat(),
    async resident() {
      const loaded = await Promise.all(all.filter((held) => held.process.isLoaded()).map(describe));
      return loaded.flat().map(({ name, sizeBytes }) => ({ name, sizeBytes, vramBytes: 0 }));
    },
    async load(model, signal, { onCpu = false } = {}) {
      signal.throwIfAborted();
      const held = await find(model, all, 'EMBEDDED_MODEL');
      await lastReply(held.process.run({ type: 'load', onCpu }, signal));
    },
    async capabilities(model) {
      const held = await find(model, all, 'EMBEDDED_MODEL');
      return held === chatModel ? askAbilities(held, AbortSignal.timeout(silence.firstTokenMs)) : onlyEmbeds;
    },
    async unload(model) {
      for (const held of all) if (held.model === shortModelName(model)) held.process.stop();
    },
    async ping(signal) {
      signal.throwIfAborted();
      if (!existsSync(options.program)) throw notFetched(options.program);
      await Promise.all(all.map(sizeOfGguf));
    },
    close() {
      for (const held of all) held.process.stop();
    },
  };
}

function embedTexts(held: Held, texts: readonly string[], signal: AbortSignal): Promise<number[][]> {
  return unitVectors(texts, {
    batchSize,
    embedBatch: async (batch) => {
      const reply = await lastReply(held.process.run({ type: 'embed', texts: batch }, signal));
      return reply?.type === 'vectors' ? reply.vectors : [];
    },
    unreadable: (what) => unreadable(held, what),
  });
}

/** The template of a model tells, which lies in its file. */
async function askAbilities({ process }: Held, signal: AbortSignal): Promise<ModelCapabilities> {
  const reply = await lastReply(process.run({ type: 'load', onCpu: false }, signal));
  const { tools, thinking } = reply?.type === 'loaded' ? reply : { tools: false, thinking: false };
  return { vision: false, tools, thinking, embedding: false };
}

/** A file that is gone or no GGUF is not installed; who asks for it hears why. */
async function describe(held: Held): Promise<InstalledModel[]> {
  const sizeBytes = await sizeOfGguf(held).catch(() => undefined); // told when it is asked for
  return sizeBytes === undefined ? [] : [{ name: `${held.model}:latest`, digest: held.file, sizeBytes }];
}

/** Without tools there is nothing to call: a text that spells a call is text, as in every engine. */
async function* toEvents(
  replies: AsyncIterable<ChildReply>,
  { tools = [] }: ModelRequest,
): AsyncGenerator<ModelEvent, void> {
  const thoughts = createThinkTagSplitter();
  const calls = createToolCallSplitter();
  const mayCall = tools.length > 0;
  let called = false;
  const mark = (events: ModelEvent[]): ModelEvent[] => {
    called ||= events.some(({ type }) => type === 'tool-call');
    return events;
  };
  const pass = (event: ModelEvent) => mark(mayCall && event.type === 'text-delta' ? calls.push(event.text) : [event]);
  for await (const reply of replies) {
    if (reply.type === 'text') yield* thoughts.push(reply.text.toWellFormed()).flatMap(pass);
    if (reply.type !== 'finish') continue;
    const { promptTokens, outputTokens } = reply;
    yield* thoughts.flush().flatMap(pass);
    yield* mark(calls.flush());
    yield { type: 'finish', reason: called ? 'tool-calls' : reply.reason, promptTokens, outputTokens };
  }
}

function chatOrder(request: ModelRequest): Order {
  const { format, contextTokens, maxOutputTokens, temperature, think, onCpu = false, tools = [] } = request;
  return {
    type: 'chat',
    messages: request.messages.map(toTemplateMessage),
    tools: tools.map((tool) => ({ type: 'function', function: tool })),
    ...(format !== undefined && { format }),
    contextTokens,
    maxOutputTokens,
    temperature,
    think,
    onCpu,
  };
}

function toTemplateMessage(message: ModelMessage): TemplateMessage {
  const { role, content } = message;
  if (role === 'tool') return { role, content, name: message.toolName };
  if (role !== 'assistant' || message.toolCalls === undefined) return { role, content };
  const calls = message.toolCalls.map(({ id, name, arguments: args }) => ({
    id,
    type: 'function' as const,
    function: { name, arguments: args },
  }));
  return { role, content, tool_calls: calls };
}

async function lastReply(replies: AsyncIterable<ChildReply>): Promise<ChildReply | undefined> {
  let last: ChildReply | undefined;
  for await (const reply of replies) last = reply;
  return last;
}
