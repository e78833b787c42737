import type { LockdownState } from '../../domain/lockdown/state.ts';
import type { LockdownStore } from '../../domain/ports.ts';

/** The lockdown in memory. */
export function createMemoryLockdownStore(): LockdownStore {
  let state: LockdownState = { locked: false };
  return {
    state: async () => state,

    async lock({ reason, by, at }) {
      if (!state.locked) state = { locked: true, reason, by, at };
      return state;
    },

    async unlock() {
      state = { locked: false };
    },
  };
}
