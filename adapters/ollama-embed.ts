import { z } from 'zod';

import { keepAlive } from './ollama-chat.ts';
import { type OllamaCall, unreadable } from './ollama-failures.ts';
import { withClient } from './ollama-http.ts';
import { unitVectors } from './unit-vectors.ts';

/** Texts per request, so that none of them runs for minutes. */
const batchSize = 64;

const EmbedReply = z.object({ embeddings: z.array(z.array(z.number()).min(1)) });

type EmbedRequest = { readonly url: string; readonly model: string; readonly texts: readonly string[] };

/** Unit vectors of the texts, in order. Empty texts, which the server would skip, get zero vectors of the same length. */
export async function embedTexts({ url, model, texts }: EmbedRequest, signal: AbortSignal): Promise<number[][]> {
  const call = { url, model };
  return unitVectors(texts, {
    batchSize,
    embedBatch: (batch) => embedBatch(call, batch, signal),
    unreadable: (what) => unreadable(call, what),
  });
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
  if (!parsed.success) throw unreadable(call, 'it gave no vector per text');
  return parsed.data.embeddings;
}
