import { TalosError } from '../domain/errors.ts';
import type { LockdownStore } from '../domain/ports.ts';

/** Fails with LOCKDOWN while Talos is locked down. */
export async function refuseWhenLocked(lockdown: LockdownStore): Promise<void> {
  const state = await lockdown.state();
  if (state.locked) {
    throw new TalosError('LOCKDOWN', 'Talos was locked down; the owner lifts it on the host with `talos unlock`.');
  }
}
