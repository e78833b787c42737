import { TalosError } from '../errors.ts';
import type { LockdownStore } from '../ports.ts';

/** Fails with LOCKDOWN while Talos is locked down. */
export async function refuseWhenLocked(lockdown: LockdownStore): Promise<void> {
  const state = await lockdown.state();
  if (state.locked) {
    throw new TalosError('LOCKDOWN', 'Talos is locked down; the owner lifts it on the host with `talos unlock`.');
  }
}
