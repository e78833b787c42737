import { describe, expect, it } from 'vitest';

import { readModelName } from '../../domain/models/name.ts';
import { freshPull, type ModelPull, mostEndedPulls } from '../../domain/models/pull.ts';
import type { ModelChoices, ModelPulls } from '../../domain/models/store.ts';

/** What every store of pulls and choices does. */
export function describeModelPulls(
  name: string,
  open: () => Promise<{ pulls: ModelPulls; choices: ModelChoices }>,
): void {
  const pullOf = (model: string, at = 1): ModelPull => freshPull(readModelName(model), at);

  describe(name, () => {
    it('keeps the newest state of a pull', async () => {
      const { pulls } = await open();
      expect(await pulls.get('tiny:1b')).toBeUndefined();
      await pulls.put(pullOf('tiny:1b'));
      const failed: ModelPull = {
        ...pullOf('tiny:1b'),
        state: 'failed',
        error: { code: 'DISK_FULL', message: 'full' },
      };
      await pulls.put(failed);
      expect(await pulls.get('tiny:1b')).toEqual(failed);
    });

    it('lists pulls, the one started last first', async () => {
      const { pulls } = await open();
      for (const at of [2, 3, 1]) await pulls.put(pullOf(`tiny:${at}b`, at));
      expect((await pulls.list()).map(({ model }) => model)).toEqual(['tiny:3b', 'tiny:2b', 'tiny:1b']);
    });

    it('forgets of the pulls that have ended all but the last, and none that runs', async () => {
      const { pulls } = await open();
      const endedAt = (at: number): ModelPull => ({ ...pullOf(`ended:${at}b`, at), state: 'failed' });
      await pulls.put(pullOf('running:1b', 0));
      for (let at = 1; at <= mostEndedPulls + 2; at += 1) await pulls.put(endedAt(at));
      expect(await pulls.list()).toHaveLength(mostEndedPulls + 1);
      expect(await pulls.get('running:1b')).toBeDefined();
      expect(await pulls.get('ended:2b')).toBeUndefined();
      expect(await pulls.get('ended:3b')).toBeDefined();
    });

    it('tells a follower of every end and of nothing after it', async () => {
      const { pulls } = await open();
      await pulls.put(pullOf('tiny:1b'));
      const heard: ModelPull[] = [];
      for await (const pull of pulls.follow('tiny:1b', AbortSignal.timeout(10_000))) {
        heard.push(pull);
        await pulls.put(pullOf('tiny:2b'));
        await pulls.put({ ...pull, percent: 100, state: 'done' });
      }
      expect(heard.map(({ model, state }) => [model, state])).toEqual([
        ['tiny:1b', 'running'],
        ['tiny:1b', 'done'],
      ]);
    });

    it('lets a follower go', async () => {
      const { pulls } = await open();
      await pulls.put(pullOf('tiny:1b'));
      const leaving = new AbortController();
      for await (const _ of pulls.follow('tiny:1b', leaving.signal)) leaving.abort();
      expect((await pulls.get('tiny:1b'))?.state).toBe('running');
    });

    it('keeps a choice for each use until it is taken back', async () => {
      const { choices } = await open();
      expect(await choices.get()).toEqual({});
      await choices.set('chat', 'mistral:7b');
      await choices.set('vision', 'moondream:2b');
      await choices.set('chat', 'llama3:8b');
      expect(await choices.get()).toEqual({ chat: 'llama3:8b', vision: 'moondream:2b' });
      await choices.set('chat', undefined);
      expect(await choices.get()).toEqual({ vision: 'moondream:2b' });
    });
  });
}
