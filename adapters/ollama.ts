import type { ChatRequest } from 'ollama/browser';
import { z } from 'zod';

import { TalosError } from '../domain/errors.ts';
import type { InstalledModel, ModelEvent, ModelRequest, ResidentModel } from '../domain/models/model.ts';
import type { Embedder, LanguageModel } from '../domain/ports.ts';
import { keptAnswer } from './kept-answer.ts';
import { chatBody, createChatReader } from './ollama-chat.ts';
import { embedTexts } from './ollama-embed.ts';
import { cutOff, type OllamaCall, silent, unreadable } from './ollama-failures.ts';
import { mapped, request, withClient } from './ollama-http.ts';
import { readJsonLines } from './ollama-lines.ts';
import { loadModel, readCapabilities, unloadModel } from './ollama-load.ts';
import { type SilenceLimits, watchSilence, whileReading } from './ollama-silence.ts';
import { patientFetch } from './patient-fetch.ts';

type OllamaOptions = {
  readonly url: string;
  readonly now?: () => number;
  readonly silence?: SilenceLimits;
};

const defaultSilence: SilenceLimits = { firstTokenMs: 120_000, betweenTokensMs: 60_000 };

/** Every message asks what is installed; an answer this young is good enough. */
const installedCacheMs = 2000;

type ChatBody = Omit<ReturnType<typeof chatBody>, 'think' | 'tools'> & Pick<ChatRequest, 'think' | 'tools'>;

/** For questions the server answers from memory. */
const quickReplyMs = 5000;

const ListReply = z.object({
  models: z.array(z.object({ name: z.string(), digest: z.string(), size: z.number() })).nullish(),
});
const ResidentReply = z.object({
  models: z.array(z.object({ name: z.string(), size: z.number(), size_vram: z.number().nullish() })).nullish(),
});

/** Chat models and embedders of an Ollama server. */
export function createOllama({
  url,
  now = Date.now,
  silence = defaultSilence,
}: OllamaOptions): LanguageModel & Embedder {
  const installed = keptAnswer(installedCacheMs, now, () => listInstalled(url));
  return {
    chat: (chatRequest, signal) => chat({ url, silence }, chatRequest, signal),
    embed: (embedRequest, signal) => embedTexts({ url, ...embedRequest }, signal),
    installed,
    resident: () => listResident(url),
    load: (model, signal, options) => loadModel({ url, model }, signal, options),
    unload: (model) => unloadModel({ url, model }, AbortSignal.timeout(quickReplyMs)),
    capabilities: (model) => readCapabilities({ url, model }, AbortSignal.timeout(quickReplyMs)),
    ping: (signal) => ping(url, signal),
  };
}

async function ping(url: string, signal: AbortSignal): Promise<void> {
  await withClient({ url }, signal, (client) => client.version());
}

async function* chat(
  { url, silence }: { url: string; silence: SilenceLimits },
  chatRequest: ModelRequest,
  signal: AbortSignal,
): AsyncGenerator<ModelEvent, void> {
  const { model, contextTokens } = chatRequest;
  const call = { url, model, contextTokens };
  const watch = watchSilence(silent(call));
  try {
    watch.wait(
      silence.firstTokenMs,
      whileReading(chatRequest, silence, (asked) => ping(url, asked)),
    );
    const response = await openChat(call, chatBody(chatRequest), AbortSignal.any([signal, watch.signal]));
    const reader = createChatReader(call);
    for await (const line of readJsonLines(bodyOf(response, call), call)) {
      watch.pause();
      yield* reader.read(line);
      if (reader.finished()) return;
      watch.wait(silence.betweenTokensMs);
    }
    throw cutOff(call);
  } catch (thrown) {
    throw mapped(thrown, call, signal);
  } finally {
    watch.close(); // ends the request, and with it the work on the server
  }
}

/** A model that cannot think or call tools refuses to be asked for it; then it is asked without. */
async function openChat(call: OllamaCall, body: ChatBody, signal: AbortSignal): Promise<Response> {
  try {
    return await post(call, body, signal);
  } catch (thrown) {
    const field = refusedField(thrown);
    if (field === undefined || body[field] === undefined) throw thrown;
    const { [field]: _refused, ...rest } = body;
    return openChat(call, rest, signal);
  }
}

function refusedField(thrown: unknown): 'think' | 'tools' | undefined {
  if (!(thrown instanceof TalosError)) return undefined;
  const { reason } = thrown.details;
  if (reason === 'no-thinking') return 'think';
  return reason === 'no-tools' ? 'tools' : undefined;
}

function post(call: OllamaCall, body: unknown, signal: AbortSignal): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  return request(call, `${call.url}/api/chat`, {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
    signal,
    send: patientFetch,
  });
}

/** The bytes of a body that has begun: what breaks it now breaks off an answer. */
async function* bodyOf(response: Response, call: OllamaCall): AsyncGenerator<Uint8Array, void> {
  try {
    if (response.body !== null) yield* response.body;
  } catch (thrown) {
    throw thrown instanceof TypeError ? cutOff(call, thrown) : thrown;
  }
}

async function listInstalled(url: string): Promise<InstalledModel[]> {
  const reply = ListReply.safeParse(
    await withClient({ url }, AbortSignal.timeout(quickReplyMs), (client) => client.list()),
  );
  if (!reply.success) throw unreadable({ url }, 'its list of models has another shape');
  return (reply.data.models ?? []).map(({ name, digest, size }) => ({ name, digest, sizeBytes: size }));
}

async function listResident(url: string): Promise<ResidentModel[]> {
  const reply = ResidentReply.safeParse(
    await withClient({ url }, AbortSignal.timeout(quickReplyMs), (client) => client.ps()),
  );
  if (!reply.success) throw unreadable({ url }, 'its list of loaded models has another shape');
  return (reply.data.models ?? []).map(({ name, size, size_vram }) => ({
    name,
    sizeBytes: size,
    vramBytes: size_vram ?? 0,
  }));
}
