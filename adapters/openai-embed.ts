import { z } from 'zod';

import { TalosError } from '../domain/errors.ts';
import { withClient } from './openai-client.ts';
import { type OpenaiCall, unreadable } from './openai-failures.ts';
import { unitVectors } from './unit-vectors.ts';

/** Texts per request, so that none of them runs for minutes. */
const batchSize = 64;

/** A text that is cut shorter than this and still too long is not worth embedding. */
const shortestCut = 64;

const EmbedReply = z.object({
  data: z.array(z.object({ index: z.int().nonnegative(), embedding: z.array(z.number()).min(1) })),
});

type EmbedCall = OpenaiCall & { readonly model: string };

/** Unit vectors of the texts, in order. Empty texts get zero vectors; of a text longer than the model's window the beginning counts. */
export async function embedTexts(call: EmbedCall, texts: readonly string[], signal: AbortSignal): Promise<number[][]> {
  return unitVectors(texts, {
    batchSize,
    embedBatch: (batch) => embedBatch(call, batch, signal),
    unreadable: (what) => unreadable(call, what),
  });
}

/** Servers refuse a batch with a text that is too long; then each goes alone, halved until it fits. */
async function embedBatch(call: EmbedCall, input: string[], signal: AbortSignal): Promise<number[][]> {
  try {
    return await post(call, input, signal);
  } catch (thrown) {
    const [only = '', ...others] = input;
    const isTooLong = thrown instanceof TalosError && thrown.details['reason'] === 'context-overflow';
    if (!isTooLong || (others.length === 0 && only.length < shortestCut)) throw thrown;
    if (others.length === 0)
      return embedBatch(call, [only.slice(0, Math.floor(only.length / 2)).toWellFormed()], signal);
    const vectors: number[][] = [];
    for (const text of input) vectors.push(...(await embedBatch(call, [text], signal)));
    return vectors;
  }
}

async function post(call: EmbedCall, input: string[], signal: AbortSignal): Promise<number[][]> {
  const { model } = call;
  const reply = await withClient(call, signal, (client) =>
    client.embeddings.create({ model, input, encoding_format: 'float' }, { signal }),
  );
  const parsed = EmbedReply.safeParse(reply);
  if (!parsed.success) throw unreadable(call, 'it gave no vector per text');
  return parsed.data.data.toSorted((left, right) => left.index - right.index).map(({ embedding }) => embedding);
}
