import { beforeEach, describe, expect, it } from 'vitest';

import type { HoldStore } from '../../domain/ports.ts';

const minute = 60_000;
const hour = 60 * minute;

let names = 0;

const nextKey = () => `k${(names += 1)}`;

/** What every hold store does; `create` may return the same one again. */
export function describeHoldStore(name: string, create: () => Promise<HoldStore>) {
  describe(name, () => {
    let holds: HoldStore;
    let conversation: string;
    const at = Date.now();
    const hit = async (...times: number[]) => {
      for (const time of times) await holds.recordCriticalHit({ conversation, key: nextKey() }, time);
    };
    const until = () => holds.heldUntil(conversation);

    beforeEach(async () => {
      holds = await create();
      conversation = `h-${process.pid}-${(names += 1)}`;
    });

    it('holds for an hour after the third hit within ten minutes', async () => {
      await hit(at, at + 5 * minute);
      expect(await until()).toBeUndefined();
      await hit(at + 10 * minute);
      expect(await until()).toBe(at + 10 * minute + hour);
    });

    it('holds when three come in the same millisecond', async () => {
      await hit(at, at, at);
      expect(await until()).toBe(at + hour);
    });

    it('counts a message once, however often it is screened', async () => {
      for (const _ of [1, 2, 3, 4]) await holds.recordCriticalHit({ conversation, key: 'same' }, at);
      expect(await until()).toBeUndefined();
      await hit(at, at);
      expect(await until()).toBe(at + hour);
    });

    it('does not hold when the third comes later', async () => {
      await hit(at, at + 5 * minute, at + 10 * minute + 1);
      expect(await until()).toBeUndefined();
      await hit(at + 15 * minute);
      expect(await until()).toBe(at + 15 * minute + hour);
    });

    it('does not hold for hits spread over a day', async () => {
      await hit(...Array.from({ length: 12 }, (_, index) => at + index * 2 * hour));
      expect(await until()).toBeUndefined();
    });

    it('counts each conversation by itself', async () => {
      await hit(at, at + 1);
      await holds.recordCriticalHit({ conversation: 'other', key: 'k' }, at + 2);
      expect(await until()).toBeUndefined();
      await holds.release('other');
    });

    it('starts to count anew after a release', async () => {
      await hit(at, at + 1, at + 2);
      await holds.release(conversation);
      expect(await until()).toBeUndefined();
      await hit(at + 3, at + 4);
      expect(await until()).toBeUndefined();
    });

    it('never shortens a hold, even when the clock was set back', async () => {
      await hit(at, at + 1, at + 2);
      await hit(at - hour, at - hour + 1, at - hour + 2);
      expect(await until()).toBe(at + 2 + hour);
    });

    it('loses no hit of a race', async () => {
      await Promise.all([0, 1, 2].map((ms) => holds.recordCriticalHit({ conversation, key: nextKey() }, at + ms)));
      expect(await until()).toBeGreaterThanOrEqual(at + hour);
    });
  });
}
