import { z } from 'zod';

import { blockOf } from '../domain/cloud/failure.ts';
import type { CloudPiece } from '../domain/cloud/ports.ts';
import { blocked, type GeminiCall, malformed } from './gemini-failures.ts';

const count = z.int().nonnegative().nullish();
const Ratings = z.array(z.object({ category: z.string().optional(), blocked: z.boolean().optional() })).nullish();

/** One piece of a streamed answer; only what we use. */
const Chunk = z.object({
  promptFeedback: z.object({ blockReason: z.string().nullish(), safetyRatings: Ratings }).nullish(),
  candidates: z
    .array(
      z.object({
        content: z
          .object({
            parts: z.array(z.object({ text: z.string().nullish(), thought: z.boolean().nullish() })).nullish(),
          })
          .nullish(),
        finishReason: z.string().nullish(),
        safetyRatings: Ratings,
      }),
    )
    .nullish(),
  usageMetadata: z
    .object({ promptTokenCount: count, candidatesTokenCount: count, thoughtsTokenCount: count, totalTokenCount: count })
    .nullish(),
});
type Chunk = z.infer<typeof Chunk>;

/** Turns the pieces of one answer into steps. `read` throws CLOUD_BLOCKED where Gemini keeps the answer back. */
export function createGeminiReader(call: GeminiCall): { read(chunk: unknown): CloudPiece[] } {
  const text = createJoiner();
  const thought = createJoiner();

  function deltas(part: { text?: string | null | undefined; thought?: boolean | null | undefined }): CloudPiece[] {
    const isThought = part.thought === true;
    const whole = (isThought ? thought : text).push(part.text ?? '');
    return whole === '' ? [] : [{ type: isThought ? 'reasoning-delta' : 'text-delta', text: whole }];
  }

  function flushed(): CloudPiece[] {
    const rest = text.flush();
    return rest === '' ? [] : [{ type: 'text-delta', text: rest }];
  }

  return {
    read(chunk) {
      const parsed = Chunk.safeParse(chunk);
      if (!parsed.success) throw malformed(call, 'a piece of the stream has another shape');
      refuseBlocks(parsed.data, call);
      const { usageMetadata, candidates } = parsed.data;
      const candidate = candidates?.[0];
      const pieces = (candidate?.content?.parts ?? []).flatMap(deltas);
      if (usageMetadata) pieces.push(usageOf(usageMetadata));
      return candidate?.finishReason ? [...pieces, ...flushed(), endOf(candidate.finishReason)] : pieces;
    },
  };
}

function endOf(finishReason: string): CloudPiece {
  return { type: 'end', reason: finishReason === 'MAX_TOKENS' ? 'length' : 'stop' };
}

function refuseBlocks({ promptFeedback, candidates }: Chunk, call: GeminiCall): void {
  const ends = [
    { reason: promptFeedback?.blockReason, ratings: promptFeedback?.safetyRatings },
    { reason: candidates?.[0]?.finishReason, ratings: candidates?.[0]?.safetyRatings },
  ];
  for (const { reason, ratings } of ends) {
    const block = reason ? blockOf(reason, ratings ?? []) : undefined;
    if (block !== undefined) throw blocked(block, call);
  }
}

/** The total counts what has no field of its own, too. */
function usageOf(usage: NonNullable<Chunk['usageMetadata']>): CloudPiece {
  const promptTokens = usage.promptTokenCount ?? 0;
  const named = (usage.candidatesTokenCount ?? 0) + (usage.thoughtsTokenCount ?? 0);
  return { type: 'usage', promptTokens, outputTokens: Math.max(named, (usage.totalTokenCount ?? 0) - promptTokens) };
}

/** Joins the halves of a character that came in two pieces, and replaces halves that stay alone. */
function createJoiner(): { push(text: string): string; flush(): string } {
  let half = '';
  return {
    push(text) {
      const joined = half + text;
      half = /[\uD800-\uDBFF]$/.exec(joined)?.[0] ?? '';
      return joined.slice(0, joined.length - half.length).toWellFormed();
    },
    flush() {
      const rest = half.toWellFormed();
      half = '';
      return rest;
    },
  };
}
