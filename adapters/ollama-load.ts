import { z } from 'zod';

import { TalosError } from '../domain/errors.ts';
import type { LoadOptions, ModelCapabilities } from '../domain/models/model.ts';
import { keepAlive, onCpuOptions } from './ollama-chat.ts';
import { type OllamaCall, unreadable } from './ollama-failures.ts';
import { withClient, withPatientClient } from './ollama-http.ts';

/** A call that names its model. */
type ModelCall = OllamaCall & { readonly model: string };

const ShowReply = z.object({ capabilities: z.array(z.string()).nullish() });

/** Brings a model into memory: chat models load by an empty prompt, embedders by an empty list. */
export async function loadModel(call: ModelCall, signal: AbortSignal, options: LoadOptions = {}): Promise<void> {
  const { model } = call;
  const wanted = { model, keep_alive: keepAlive, options: serverOptions(options) };
  try {
    await withPatientClient(call, signal, (client) => client.generate({ ...wanted, prompt: '' }));
  } catch (thrown) {
    if (!(thrown instanceof TalosError && thrown.code === 'MODEL_REFUSED')) throw thrown;
    await withPatientClient(call, signal, (client) => client.embed({ ...wanted, input: [] }));
  }
}

/** Takes a model out of memory. */
export async function unloadModel(call: ModelCall, signal: AbortSignal): Promise<void> {
  const { model } = call;
  await withClient(call, signal, (client) => client.generate({ model, prompt: '', keep_alive: 0 }));
}

/** What the server says a model can do. */
export async function readCapabilities(call: ModelCall, signal: AbortSignal): Promise<ModelCapabilities> {
  const { model } = call;
  const reply = ShowReply.safeParse(await withClient(call, signal, (client) => client.show({ model })));
  if (!reply.success) throw unreadable(call, 'its description of a model has another shape');
  const can = new Set(reply.data.capabilities);
  return {
    vision: can.has('vision'),
    tools: can.has('tools'),
    thinking: can.has('thinking'),
    embedding: can.has('embedding'),
  };
}

function serverOptions({ contextTokens, onCpu }: LoadOptions): Record<string, number> {
  return { ...(contextTokens !== undefined && { num_ctx: contextTokens }), ...(onCpu === true && onCpuOptions) };
}
