import { describe, expect, it } from 'vitest';

import { readModelName } from '../../domain/models/name.ts';
import { knownLayers, newTrack, type PullEvent, trackPull } from '../../domain/models/pull.ts';
import type { ModelStore } from '../../domain/models/store.ts';

/** A store and the names of a model its registry has and of one it has not. */
export type StoreUnderTest = { readonly store: ModelStore; readonly known: string; readonly unknown: string };

/** What every store of models does. */
export function describeModelStore(name: string, open: () => Promise<StoreUnderTest>): void {
  const signal = AbortSignal.timeout(25_000);

  describe(name, () => {
    it('pulls a model, tells how much has come, and lists it then', async () => {
      const { store, known } = await open();
      const model = readModelName(known);
      await store.remove(model.listed);
      const events = await collect(store.pull(model, signal));
      const track = events.reduce((before, event, at) => trackPull(before, event, at), newTrack);
      expect(events.at(-1)).toEqual({ type: 'verifying' });
      const found = await store.describe(model.listed);
      expect(found).toMatchObject({ name: model.listed, can: expect.arrayContaining(['completion']) });
      expect(found?.files.length).toBeGreaterThan(0);
      expect(await store.list()).toContainEqual({
        name: model.listed,
        digest: found?.digest,
        sizeBytes: found?.sizeBytes,
      });
      expect(found?.digest).toBe(track.manifest?.digest);
      expect(knownLayers(track)).toEqual(expect.arrayContaining([...(found?.files ?? ['none'])]));
    });

    it('pulls a model that is there already without harm', async () => {
      const { store, known } = await open();
      const model = readModelName(known);
      await collect(store.pull(model, signal));
      const before = await store.describe(model.listed);
      await collect(store.pull(model, signal));
      expect(await store.describe(model.listed)).toEqual(before);
    });

    it('says that a registry has no such model', async () => {
      const { store, unknown } = await open();
      await expect(collect(store.pull(readModelName(unknown), signal))).rejects.toMatchObject({
        code: 'MODEL_UNKNOWN',
      });
      expect(await store.describe(readModelName(unknown).listed)).toBeUndefined();
    });

    it('removes a model once', async () => {
      const { store, known } = await open();
      const model = readModelName(known);
      await collect(store.pull(model, signal));
      expect(await store.remove(model.listed)).toBe(true);
      expect(await store.describe(model.listed)).toBeUndefined();
      expect(await store.remove(model.listed)).toBe(false);
    });

    it('gives up a pull when it is told to, with the reason', async () => {
      const { store, known } = await open();
      const model = readModelName(known);
      await store.remove(model.listed);
      const reason = new Error('enough');
      await expect(collect(store.pull(model, AbortSignal.abort(reason)))).rejects.toBe(reason);
      expect(await store.describe(model.listed)).toBeUndefined();
    });
  });
}

async function collect(events: AsyncIterable<PullEvent>): Promise<PullEvent[]> {
  const all: PullEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}
