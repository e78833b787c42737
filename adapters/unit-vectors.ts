/** Any text a model can embed, for learning how long its vectors are. */
const probeText = 'length';

type EmbedSteps = {
  readonly batchSize: number;
  embedBatch(texts: string[]): Promise<readonly (readonly number[])[]>;
  /** The error for vectors that are none. */
  unreadable(what: string): Error;
};

/** Unit vectors of the texts, in order, a batch at a time. Empty texts, which servers skip, get zero vectors of the same length. */
export async function unitVectors(texts: readonly string[], steps: EmbedSteps): Promise<number[][]> {
  const spoken = texts.filter((text) => !isBlank(text));
  const asked = spoken.length === 0 && texts.length > 0 ? [probeText] : spoken;
  const vectors: number[][] = [];
  for (let start = 0; start < asked.length; start += steps.batchSize) {
    const batch = asked.slice(start, start + steps.batchSize);
    const found = await steps.embedBatch(batch);
    if (found.length !== batch.length) throw steps.unreadable('it gave no vector per text');
    vectors.push(...found.map((vector) => normalised(vector, steps)));
  }
  const dimensions = vectors[0]?.length ?? 0;
  if (vectors.some((vector) => vector.length !== dimensions)) throw steps.unreadable('the vectors differ in length');
  const next = vectors.values();
  return texts.map(
    (text) => (isBlank(text) ? undefined : next.next().value) ?? Array.from({ length: dimensions }, () => 0),
  );
}

function normalised(vector: readonly number[], steps: EmbedSteps): number[] {
  const length = Math.hypot(...vector);
  if (!(length > 0 && Number.isFinite(length))) throw steps.unreadable('a vector has no direction');
  return vector.map((value) => value / length);
}

function isBlank(text: string): boolean {
  return text.trim() === '';
}
