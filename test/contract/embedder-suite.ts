import { describe, expect, it } from 'vitest';

import type { Embedder } from '../../domain/ports.ts';

/** What every embedder with the built-in test embedder does. */
export function describeEmbedder(name: string, create: () => Promise<Embedder>) {
  describe(name, () => {
    const signal = AbortSignal.timeout(60_000);
    const model = 'talos-test-embed';
    const embed = async (texts: readonly string[]) => (await create()).embed({ model, texts }, signal);

    it('puts related texts nearer to each other than unrelated ones', async () => {
      const [dog = [], pet = [], weather = []] = await embed([
        'My dog is called Rex.',
        'What is my dog called?',
        'It rains in London today.',
      ]);
      expect(cosine(dog, pet)).toBeGreaterThan(cosine(dog, weather) + 0.2);
      expect(cosine(dog, pet)).toBeGreaterThan(cosine(pet, weather) + 0.2);
    });

    it('knows a name it has never seen again', async () => {
      const [first = [], second = [], other = []] = await embed(['Zyxolon', 'zyxolon', 'Quibbert']);
      expect(cosine(first, second)).toBeGreaterThan(0.99);
      expect(cosine(first, other)).toBeLessThan(0.7);
    });

    it('gives unit vectors of one length, in the order of the texts', async () => {
      const texts = Array.from({ length: 100 }, (_, index) => `document ${index} about the garden`);
      const vectors = await embed(texts);
      expect(vectors).toHaveLength(100);
      for (const vector of vectors) expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
      expect(new Set(vectors.map((vector) => vector.length)).size).toBe(1);
      const [alone = []] = await embed([texts[70] ?? '']);
      expect(cosine(alone, vectors[70] ?? [])).toBeGreaterThan(0.999);
    });

    it('gives a zero vector for an empty text, in its place and of the usual length', async () => {
      const [empty = [], dog = [], blank = []] = await embed(['', 'a dog', ' \n']);
      expect(dog.some((value) => value !== 0)).toBe(true);
      for (const vector of [empty, blank]) {
        expect(vector).toHaveLength(dog.length);
        expect(vector.every((value) => value === 0)).toBe(true);
      }
      const [alone = []] = await embed(['']);
      expect(alone).toEqual(empty);
    });

    it('gives nothing for no texts', async () => {
      expect(await embed([])).toEqual([]);
    });

    it('takes a text longer than its window', async () => {
      const [vector = []] = await embed(['a very long garden walk '.repeat(3000)]);
      expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
    });

    it('says that a model is missing', async () => {
      const embedder = await create();
      const asked = embedder.embed({ model: 'no-such-model', texts: ['x'] }, signal);
      await expect(asked).rejects.toMatchObject({ code: 'MODEL_MISSING' });
    });

    it('ends with the reason of an abort', async () => {
      const reason = new Error('gone');
      const embedder = await create();
      await expect(embedder.embed({ model, texts: ['x'] }, AbortSignal.abort(reason))).rejects.toBe(reason);
    });
  });
}

function cosine(left: readonly number[], right: readonly number[]): number {
  return left.reduce((sum, value, index) => sum + value * (right[index] ?? 0), 0);
}
