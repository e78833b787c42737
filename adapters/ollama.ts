import { z } from 'zod';

import { TalosError } from '../domain/errors.ts';
import type { InstalledModel, ModelEvent, ModelRequest, ResidentModel } from '../domain/models/model.ts';
import type { Embedder, LanguageModel } from '../domain/ports.ts';
import { chatBody, createChatReader } from './ollama-chat.ts';
import { embedTexts } from './ollama-embed.ts';
import { cutOff, type OllamaCall, silent, unreadable } from './ollama-failures.ts';
import { mapped, request, withClient } from './ollama-http.ts';
import { readJsonLines } from './ollama-lines.ts';
import { loadModel, readCapabilities, unloadModel } from './ollama-load.ts';
import { watchSilence } from './ollama-silence.ts';

/** How long the server may keep silent: before the first token it loads the model and reads the prompt. */
export type SilenceLimits = { readonly firstTokenMs: number; readonly betweenTokensMs: number };

type OllamaOptions = {
  readonly url: string;
  readonly now?: () => number;
  readonly silence?: SilenceLimits;
};

const defaultSilence: SilenceLimits = { firstTokenMs: 120_000, betweenTokensMs: 60_000 };

/** Every message asks what is installed; an answer this young is good enough. */
const installedCacheMs = 2000;

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
  const installed = cached(installedCacheMs, now, () => listInstalled(url));
  return {
    chat: (chatRequest, signal) => chat({ url, silence }, chatRequest, signal),
    embed: (embedRequest, signal) => embedTexts({ url, ...embedRequest }, signal),
    installed,
    resident: () => listResident(url),
    load: (model, signal, options) => loadModel({ url, model }, signal, options),
    unload: (model) => unloadModel({ url, model }, AbortSignal.timeout(quickReplyMs)),
    capabilities: (model) => readCapabilities({ url, model }, AbortSignal.timeout(quickReplyMs)),
    async ping(signal) {
      await withClient({ url }, signal, (client) => client.version());
    },
  };
}

async function* chat(
  { url, silence }: { url: string; silence: SilenceLimits },
  chatRequest: ModelRequest,
  signal: AbortSignal,
): AsyncGenerator<ModelEvent, void> {
  const call = { url, model: chatRequest.model };
  const watch = watchSilence(silent(call));
  try {
    watch.wait(silence.firstTokenMs);
    const response = await openChat(call, chatRequest, AbortSignal.any([signal, watch.signal]));
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

/** A model that cannot think refuses to be asked for thoughts; then it is asked without. */
async function openChat(call: OllamaCall, chatRequest: ModelRequest, signal: AbortSignal): Promise<Response> {
  const { think, ...unthinking } = chatBody(chatRequest);
  try {
    return await post(call, { ...unthinking, think }, signal);
  } catch (thrown) {
    if (!(thrown instanceof TalosError) || thrown.details['reason'] !== 'no-thinking') throw thrown;
    return post(call, unthinking, signal);
  }
}

function post(call: OllamaCall, body: unknown, signal: AbortSignal): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  return request(call, `${call.url}/api/chat`, { method: 'POST', headers, body: JSON.stringify(body), signal });
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

/** Keeps an answer for a while and lets callers share the one under way; a failure is not kept. */
function cached<T>(lifetimeMs: number, now: () => number, ask: () => Promise<T>): () => Promise<T> {
  let kept: { value: Promise<T>; at: number } | undefined;
  return () => {
    if (kept !== undefined && Math.abs(now() - kept.at) < lifetimeMs) return kept.value;
    const fresh = { value: ask(), at: now() };
    kept = fresh;
    fresh.value.catch(() => {
      if (kept === fresh) kept = undefined;
    });
    return fresh.value;
  };
}
