import { TalosError } from '../../domain/errors.ts';
import { shortModelName, testModels } from '../../domain/models/choose.ts';
import type { Embedder } from '../../domain/ports.ts';

const dimensions = 64;

type Options = {
  /** Names of the installed embedders. */
  readonly models?: readonly string[];
  /** Thrown by every call. */
  readonly failure?: TalosError;
};

/** An embedder in memory: each word counts into one of 64 places, so texts that share words are near each other. */
export function createMemoryEmbedder({ models = [testModels.embedding], failure }: Options = {}): Embedder {
  return {
    async embed({ model, texts }, signal) {
      signal.throwIfAborted();
      if (failure !== undefined) throw failure;
      if (!models.map(shortModelName).includes(shortModelName(model))) {
        throw new TalosError('MODEL_MISSING', `The model ${model} is not installed.`, { details: { model } });
      }
      return texts.map(embedText);
    },
  };
}

function embedText(text: string): number[] {
  const counts = Array.from({ length: dimensions }, () => 0);
  for (const [word] of text.toLowerCase().matchAll(/[\p{L}\p{N}]+|\S/gu)) {
    const place = placeOf(word);
    counts[place] = (counts[place] ?? 0) + 1;
  }
  const length = Math.hypot(...counts) || 1; // an empty text stays a zero vector
  return counts.map((count) => count / length);
}

/** FNV-1a. */
function placeOf(word: string): number {
  let hash = 2_166_136_261;
  for (const character of word) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 16_777_619);
  return (hash >>> 0) % dimensions;
}
