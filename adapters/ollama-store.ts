import { z } from 'zod';

import { TalosError } from '../domain/errors.ts';
import type { InstalledModel } from '../domain/models/model.ts';
import type { ModelName } from '../domain/models/name.ts';
import type { PullEvent } from '../domain/models/pull.ts';
import type { ModelDescription, ModelStore } from '../domain/models/store.ts';
import { cutOff, failureOfTransport, type OllamaCall, silent, unreadable } from './ollama-failures.ts';
import { mapped, request, withClient } from './ollama-http.ts';
import { readJsonLines } from './ollama-lines.ts';
import { failureOfPull } from './ollama-pull-failures.ts';
import { watchSilence } from './ollama-silence.ts';
import { readManifest } from './registry-manifest.ts';

/** Ollama tells something every 60 ms, except while it checks what came: a minute for every ten gigabytes on a slow disk. */
const longestSilenceMs = 600_000;

/** For questions the server answers from its disk. */
const replyMs = 10_000;

const Digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const bytes = z.int().nonnegative();

/** One line of a pull; `completed` is left out while it is 0. */
const PullLine = z.object({
  error: z.string().optional(),
  status: z.string().optional(),
  digest: Digest.optional(),
  total: bytes.optional(),
  completed: bytes.optional(),
});
type PullLine = z.infer<typeof PullLine>;

const Listed = z.object({
  models: z.array(z.object({ name: z.string(), digest: z.string(), size: bytes })).nullish(),
});
const Shown = z.object({ modelfile: z.string().nullish(), capabilities: z.array(z.string()).nullish() });

/** Lines of a model file that name its weights. */
const weightsLine = /^FROM .*\bsha256[-:]([0-9a-f]{64})$/gm;

/** Models of an Ollama server, as it brings, knows and removes them. */
export function createOllamaStore({ url }: { url: string }): ModelStore {
  return {
    pull: (name, signal) => pull({ url, model: name.asked }, name, signal),
    list: () => list({ url }),
    describe: (model) => describe({ url, model }),

    async remove(model) {
      const call = { url, model };
      const signal = AbortSignal.timeout(replyMs);
      await withClient(call, signal, (client) => client.generate({ model, prompt: '', keep_alive: 0 })).catch(ignore);
      return ifThere(() => withClient(call, signal, (client) => client.delete({ model })));
    },
  };
}

async function* pull(call: OllamaCall, name: ModelName, signal: AbortSignal): AsyncGenerator<PullEvent, void> {
  const watch = watchSilence(silent(call));
  try {
    watch.wait(longestSilenceMs);
    const manifest = await readManifest(name, signal);
    if (manifest !== undefined) yield manifest;
    const response = await request(call, `${call.url}/api/pull`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: name.asked, insecure: name.insecure, stream: true }),
      signal: AbortSignal.any([signal, watch.signal]),
    });
    for await (const json of readJsonLines(bodyOf(response, call), call)) {
      watch.wait(longestSilenceMs);
      const line = readLine(json, call);
      if (line.error !== undefined) throw failureOfPull(line.error, name);
      if (line.status === 'success') return;
      yield* eventsOf(line);
    }
    throw cutOff(call);
  } catch (thrown) {
    throw mapped(thrown, call, signal);
  } finally {
    watch.close(); // ends the request, and with it the work on the server
  }
}

function readLine(json: unknown, call: OllamaCall): PullLine {
  const line = PullLine.safeParse(json);
  if (!line.success) throw unreadable(call, 'a line of the pull has another shape');
  return line.data;
}

function* eventsOf({ status = '', digest, total, completed = 0 }: PullLine): Generator<PullEvent, void> {
  if (digest !== undefined && total !== undefined) {
    yield { type: 'layer', digest, totalBytes: total, completedBytes: completed };
  } else if (status.startsWith('verifying')) yield { type: 'verifying' };
}

async function* bodyOf(response: Response, call: OllamaCall): AsyncGenerator<Uint8Array, void> {
  try {
    if (response.body !== null) yield* response.body;
  } catch (thrown) {
    throw thrown instanceof TypeError ? failureOfTransport(thrown, call) : thrown;
  }
}

async function list(call: OllamaCall, signal = AbortSignal.timeout(replyMs)): Promise<InstalledModel[]> {
  const reply = Listed.safeParse(await withClient(call, signal, (client) => client.list()));
  if (!reply.success) throw unreadable(call, 'its list of models has another shape');
  return (reply.data.models ?? []).map(({ name, digest, size }) => ({ name, digest, sizeBytes: size }));
}

async function describe(call: OllamaCall & { model: string }): Promise<ModelDescription | undefined> {
  const signal = AbortSignal.timeout(replyMs);
  const installed = await list(call, signal);
  // A server takes a name in other letters for the model it has.
  const found =
    installed.find(({ name }) => name === call.model) ??
    installed.find(({ name }) => name.toLowerCase() === call.model.toLowerCase());
  if (found === undefined) return undefined;
  const { modelfile, capabilities } = await show(call, signal);
  const files = [...(modelfile ?? '').matchAll(weightsLine)].map(([, hex]) => `sha256:${hex}`);
  return { ...found, can: capabilities ?? [], files };
}

/** Of a model whose file cannot be read nothing is shown. */
async function show(call: OllamaCall & { model: string }, signal: AbortSignal): Promise<z.infer<typeof Shown>> {
  try {
    const shown = Shown.safeParse(await withClient(call, signal, (client) => client.show({ model: call.model })));
    return shown.success ? shown.data : {};
  } catch (thrown) {
    if (thrown instanceof TalosError && ['server-error', 'refused'].includes(String(thrown.details['reason'])))
      return {};
    throw thrown;
  }
}

async function ifThere(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (thrown) {
    if (thrown instanceof TalosError && thrown.code === 'MODEL_MISSING') return false;
    throw thrown;
  }
}

/** An embedder cannot be unloaded this way; it leaves memory with its file or a little later. */
function ignore(): void {
  return undefined;
}
