import { CancellationScope, sleep } from '@temporalio/workflow';

import type { NightCaps } from '../domain/night/limits.ts';

/** The time a run has. */
export type NightTime = {
  readonly caps: NightCaps;
  elapsedMs(): number;
  /** Whether nothing new may begin: the soft cap is reached, or the run was asked to end. */
  isUp(): boolean;
  /** Whether the run was asked to end. */
  isCancelled(): boolean;
  /** Resolves at the hard cap. */
  readonly over: Promise<void>;
  /** Does work that is cancelled at the soft cap, and when the run is. */
  within<T>(work: () => Promise<T>): Promise<T>;
};

/** Starts the clock of a run that began at a moment. Its timers outlive a cancellation. */
export function startNightTime(startedAt: number, caps: NightCaps): NightTime {
  const root = CancellationScope.current();
  const elapsedMs = (): number => Date.now() - startedAt;
  const at = (capMs: number) => CancellationScope.nonCancellable(() => sleep(Math.max(1, capMs - elapsedMs())));
  const soft = at(caps.softMs);
  return {
    caps,
    elapsedMs,
    isUp: () => root.consideredCancelled || elapsedMs() >= caps.softMs,
    isCancelled: () => root.consideredCancelled,
    over: at(Math.max(caps.hardMs, caps.softMs)),
    async within(work) {
      const scope = new CancellationScope();
      void soft.then(() => scope.cancel());
      return scope.run(work);
    },
  };
}

/** Does a step of which nothing depends; a failure is in the log, and the run goes on. */
export async function ignoreFailure(step: () => Promise<unknown>): Promise<void> {
  try {
    await step();
  } catch {
    // the caller says who makes it good
  }
}
