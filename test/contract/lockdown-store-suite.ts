import { beforeEach, describe, expect, it } from 'vitest';

import type { LockdownStore } from '../../domain/ports.ts';

const order = { reason: 'strange replies 😱', by: 'owner', at: 1_700_000_000_000 };

/** What every lockdown store does; `create` must return one that is open. */
export function describeLockdownStore(name: string, create: () => Promise<LockdownStore>) {
  describe(name, () => {
    let store: LockdownStore;

    beforeEach(async () => {
      store = await create();
    });

    it('is open at first', async () => {
      expect(await store.state()).toEqual({ locked: false });
    });

    it('is locked once locked, with reason, person and time', async () => {
      expect(await store.lock(order)).toEqual({ locked: true, ...order });
      expect(await store.state()).toEqual({ locked: true, ...order });
    });

    it('keeps the first when it is locked twice', async () => {
      await store.lock(order);
      expect(await store.lock({ reason: 'again', by: 'other', at: order.at + 1 })).toEqual({ locked: true, ...order });
      expect(await store.state()).toEqual({ locked: true, ...order });
    });

    it('gives all that lock at once the same answer', async () => {
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, index) => store.lock({ ...order, by: `owner${index}` })),
      );
      const state = await store.state();
      for (const answer of answers) expect(answer).toEqual(state);
    });

    it('is open again once unlocked, and unlocking twice is fine', async () => {
      await store.lock(order);
      await store.unlock();
      await store.unlock();
      expect(await store.state()).toEqual({ locked: false });
      expect(await store.lock({ ...order, reason: 'second time' })).toMatchObject({ reason: 'second time' });
    });
  });
}
