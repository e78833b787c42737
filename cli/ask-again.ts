import { setTimeout as sleep } from 'node:timers/promises';

import { maxAttempts, mayComeBack } from './may-come-back.ts';

type Asking = {
  /** Gives up; the last failure is then thrown. */
  readonly signal: AbortSignal;
  /** Told once, before it is asked again. */
  readonly onBreak?: () => void;
  /** Pause between two attempts. */
  readonly pauseMs?: number;
};

/** Asks a Talos that answered before, and again where it does not: its API may just be started anew. */
export async function askAgain<Value>(
  ask: () => Promise<Value>,
  { signal, onBreak, pauseMs = 500 }: Asking,
): Promise<Value> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ask();
    } catch (thrown) {
      if (signal.aborted || attempt === maxAttempts || !mayComeBack(thrown)) throw thrown;
      if (attempt === 1) onBreak?.();
    }
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined); // the next attempt is then the last
  }
}
