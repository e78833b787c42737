import { beforeEach, describe, expect, it } from 'vitest';

import type { AwaitedClouds } from '../../domain/cloud/ports.ts';
import type { AwaitedCloud } from '../../domain/routing/departure.ts';

const waiting = (message: string, askedAt: number): AwaitedCloud => ({
  message,
  reason: 'local-unavailable',
  host: 'cloud.test',
  model: 'gemini',
  kinds: ['system-prompt', 'message'],
  bytes: 120,
  earlier: 0,
  binding: 'b'.repeat(64),
  askedAt,
  until: askedAt + 1000,
});

/** What every store of messages does that wait for leave to go to the cloud; `create` gives an empty one. */
export function describeAwaitedClouds(name: string, create: () => Promise<AwaitedClouds>) {
  describe(name, () => {
    let clouds: AwaitedClouds;
    beforeEach(async () => {
      clouds = await create();
    });

    it('lists what waits, oldest first, until it is removed', async () => {
      await clouds.add(waiting('kitchen.two', 2));
      await clouds.add(waiting('kitchen.one', 1));
      expect(await clouds.list()).toEqual([waiting('kitchen.one', 1), waiting('kitchen.two', 2)]);
      await clouds.remove('kitchen.one');
      await clouds.remove('kitchen.one'); // twice is free
      expect(await clouds.list()).toEqual([waiting('kitchen.two', 2)]);
    });

    it('says of a message that is asked for again what would leave now', async () => {
      const anew = { ...waiting('kitchen.one', 9), bytes: 900, binding: 'c'.repeat(64) };
      await clouds.add(waiting('kitchen.one', 1));
      await clouds.add(anew);
      expect(await clouds.list()).toEqual([anew]);
    });
  });
}
