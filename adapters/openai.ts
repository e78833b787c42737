import { z } from 'zod';

import { TalosError } from '../domain/errors.ts';
import { shortModelName } from '../domain/models/choose.ts';
import type { InstalledModel, ModelEvent, ModelRequest } from '../domain/models/model.ts';
import type { Embedder, LanguageModel } from '../domain/ports.ts';
import { keptAnswer } from './kept-answer.ts';
import { type SilenceLimits, watchSilence, whileReading } from './ollama-silence.ts';
import { chatBody, createChatReader } from './openai-chat.ts';
import { mapped, mappedInStream, withClient } from './openai-client.ts';
import { embedTexts } from './openai-embed.ts';
import { missing, type OpenaiCall, silent, unreadable } from './openai-failures.ts';

type OpenaiOptions = {
  /** With its `/v1`. */
  readonly url: string;
  readonly key?: string;
  readonly now?: () => number;
  readonly silence?: SilenceLimits;
};

type Server = OpenaiCall & { readonly silence: SilenceLimits };

const defaultSilence: SilenceLimits = { firstTokenMs: 120_000, betweenTokensMs: 60_000 };

/** Every message asks what the server lists; an answer this young is good enough. */
const installedCacheMs = 2000;

/** For questions the server answers from memory. */
const quickReplyMs = 5000;

/** How long a server may take to end a stream whose answer has ended; what it may still tell is how many tokens that was. */
const afterEndMs = 2000;

/** No field of the interface tells what a model can do; one that cannot do it refuses. */
const assumed = { vision: true, tools: true, thinking: true, embedding: true } as const;

const ListReply = z.object({
  data: z.array(z.object({ id: z.string(), meta: z.object({ size: z.number().nullish() }).nullish() })),
});

/** Chat models and embedders of a server that speaks as OpenAI does. It loads its models by itself, so what it lists is resident, too. */
export function createOpenai({
  now = Date.now,
  silence = defaultSilence,
  ...where
}: OpenaiOptions): LanguageModel & Embedder {
  const server = { ...where, silence };
  const installed = keptAnswer(installedCacheMs, now, () => listModels(where, AbortSignal.timeout(quickReplyMs)));

  /** The server's own name of a model. Some servers answer with the model they have, whatever name is asked for. */
  async function requireListed(model: string): Promise<string> {
    const listed = await installed();
    const found = listed.find(({ name }) => shortModelName(name) === shortModelName(model));
    if (found !== undefined) return found.digest;
    const names = listed.map(({ name }) => shortModelName(name));
    throw missing({ ...where, model }, names);
  }

  return {
    async *chat(request, signal) {
      signal.throwIfAborted();
      const model = await requireListed(request.model);
      yield* chat(server, { ...request, model }, signal);
    },
    async embed({ model, texts }, signal) {
      signal.throwIfAborted();
      return embedTexts({ ...where, model: await requireListed(model) }, texts, signal);
    },
    installed,
    resident: async () => (await installed()).map(({ name, sizeBytes }) => ({ name, sizeBytes, vramBytes: 0 })),
    async load(model, signal) {
      signal.throwIfAborted();
      await requireListed(model);
    },
    unload: () => Promise.resolve(),
    async capabilities(model) {
      await requireListed(model);
      return assumed;
    },
    async ping(signal) {
      await listModels(where, signal);
    },
  };
}

async function* chat(server: Server, request: ModelRequest, signal: AbortSignal): AsyncGenerator<ModelEvent, void> {
  const { silence, ...where } = server;
  const call = { ...where, model: request.model };
  const failure = silent(call);
  const watch = watchSilence(failure);
  const either = AbortSignal.any([signal, watch.signal]);
  try {
    watch.wait(
      silence.firstTokenMs,
      whileReading(request, silence, (asked) => listModels(where, asked)),
    );
    const stream = await openChat(call, { request, plain: false }, either);
    const reader = createChatReader(call);
    try {
      for await (const event of stream) {
        watch.pause();
        yield* reader.read(event);
        watch.wait(reader.isWhole() ? Math.min(silence.betweenTokensMs, afterEndMs) : silence.betweenTokensMs);
      }
      either.throwIfAborted(); // the client ends a stream that was aborted as if it were whole
    } catch (thrown) {
      if (signal.aborted || !reader.isWhole()) throw mappedInStream(thrown, call, either);
    }
    yield* reader.end();
  } catch (thrown) {
    throw mapped(thrown, call, signal);
  } finally {
    watch.close(); // ends the request, and with it the work on the server
  }
}

type Asking = { readonly request: ModelRequest; readonly plain: boolean };

/** A server that does not know how to be told about thinking, or cannot let its model call tools, is asked without. */
async function openChat(call: OpenaiCall, asking: Asking, signal: AbortSignal): ReturnType<typeof post> {
  try {
    return await post(call, asking, signal);
  } catch (thrown) {
    const less = withoutRefused(asking, thrown);
    if (less === undefined) throw thrown;
    return openChat(call, less, signal);
  }
}

function post(call: OpenaiCall, { request, plain }: Asking, signal: AbortSignal) {
  const body = chatBody(request, { plain });
  return withClient(call, signal, (client) => client.chat.completions.create(body, { signal }));
}

/** Undefined where nothing can be left out. */
function withoutRefused({ request, plain }: Asking, thrown: unknown): Asking | undefined {
  const reason = thrown instanceof TalosError ? thrown.details['reason'] : undefined;
  if (reason === 'strange-field' && !plain) return { request, plain: true };
  const { tools, ...rest } = request;
  return reason === 'no-tools' && tools !== undefined ? { request: rest, plain } : undefined;
}

/** A name without a tag gets the usual one, so that all engines list alike. */
async function listModels(where: OpenaiCall, signal: AbortSignal): Promise<InstalledModel[]> {
  const reply = ListReply.safeParse(await withClient(where, signal, (client) => client.get('/models', { signal })));
  if (!reply.success) throw unreadable(where, 'its list of models has another shape');
  return reply.data.data.map(({ id, meta }) => ({
    name: id.includes(':') ? id : `${id}:latest`,
    digest: id,
    sizeBytes: meta?.size ?? 0,
  }));
}
