import { condition, setHandler } from '@temporalio/workflow';

import { cancelledMessages, type LockdownInput, unlock } from './messages.ts';
import { core } from './proxies.ts';

/** The evidence of one lockdown: stops what runs, twice more for what was just starting, and stays open until the unlock. */
export async function lockdown(_input: LockdownInput): Promise<{ cancelled: number; unlockedBy: string }> {
  let cancelled = 0;
  let unlockedBy: string | undefined;
  setHandler(cancelledMessages, () => cancelled);
  setHandler(unlock, (by) => {
    unlockedBy = by;
  });
  // The list of running workflows lags by up to a second; what it missed is caught by the next round or refused by the flag.
  for (let round = 0; round < 3; round += 1) {
    cancelled += await core.cancelMessages();
    if (await condition(() => unlockedBy !== undefined, '1 second')) break;
  }
  await condition(() => unlockedBy !== undefined);
  return { cancelled, unlockedBy: unlockedBy ?? '' };
}
