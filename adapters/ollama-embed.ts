import { z } from 'zod';

import { keepAlive } from './ollama-chat.ts';
import { type OllamaCall, unreadable } from './ollama-failures.ts';
import { withClient } from './ollama-http.ts';

/** Texts per request, so that none of them runs for minutes. */
const batchSize = 64;

/** Any text the model can embed, for learning how long its vectors are. */
const probeText = 'length';

const EmbedReply = z.object({ embeddings: z.array(z.array(z.number()).min(1)) });

type EmbedRequest = { readonly url: string; readonly model: string; readonly texts: readonly string[] };

/** Unit vectors of the texts, in order. Empty texts, which the server would skip, get zero vectors of the same length. */
export async function embedTexts({ url, model, texts }: EmbedRequest, signal: AbortSignal): Promise<number[][]> {
  const call = { url, model };
  const spoken = texts.filter((text) => !isBlank(text));
  const asked = spoken.length === 0 && texts.length > 0 ? [probeText] : spoken;
  const vectors: number[][] = [];
  for (let start = 0; start < asked.length; start += batchSize) {
    vectors.push(...(await embedBatch(call, asked.slice(start, start + batchSize), signal)));
  }
  const dimensions = vectors[0]?.length ?? 0;
  if (vectors.some((vector) => vector.length !== dimensions)) throw unreadable(call, 'the vectors differ in length');
  const next = vectors.values();
  return texts.map(
    (text) => (isBlank(text) ? undefined : next.next().value) ?? Array.from({ length: dimensions }, () => 0),
  );
}

async function embedBatch(
  call: OllamaCall & { model: string },
  input: string[],
  signal: AbortSignal,
): Promise<number[][]> {
  const reply = await withClient(call, signal, (client) =>
    client.embed({ model: call.model, input, truncate: true, keep_alive: keepAlive }),
  );
  const parsed = EmbedReply.safeParse(reply);
  if (!parsed.success || parsed.data.embeddings.length !== input.length)
    throw unreadable(call, 'it gave no vector per text');
  return parsed.data.embeddings.map((vector) => normalised(vector, call));
}

function normalised(vector: readonly number[], call: OllamaCall): number[] {
  const length = Math.hypot(...vector);
  if (!(length > 0 && Number.isFinite(length))) throw unreadable(call, 'a vector has no direction');
  return vector.map((value) => value / length);
}

function isBlank(text: string): boolean {
  return text.trim() === '';
}
