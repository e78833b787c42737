import { CancellationScope, condition, isCancellation } from '@temporalio/workflow';

import type { SkillVersion } from '../domain/skills/life.ts';
import type { BundleHash } from '../domain/skills/manifest.ts';
import { delayRun } from '../domain/skills/quarantine.ts';
import type { LifeKeeper } from './life-keeper.ts';

export type CandidateWatch = ReturnType<typeof createCandidateWatch>;

/** Longest wait before a run is made again. */
const longestDelayMs = 600_000;

/** Keeps an eye on which version is under test: work and waits for another one end. */
export function createCandidateWatch(keeper: LifeKeeper, retryMs: number) {
  let delays = 0;
  let nudges = 0;
  let running: { readonly hash: BundleHash; readonly scope: CancellationScope; isOver: boolean } | undefined;
  const isCurrent = (hash: BundleHash): boolean => keeper.current().candidate?.hash === hash;

  return {
    isCurrent,
    candidate: (): SkillVersion | undefined => keeper.current().candidate,

    /** Runs work that is cancelled when its version is no longer under test; undefined then. */
    async whileCurrent<T>(hash: BundleHash, work: () => Promise<T>): Promise<T | undefined> {
      const mine = { hash, scope: new CancellationScope(), isOver: false };
      running = mine;
      try {
        return await mine.scope.run(work);
      } catch (thrown) {
        if (isCancellation(thrown) && mine.isOver) return undefined;
        throw thrown;
      } finally {
        running = undefined;
      }
    },

    /** Says what a run waits for and waits, longer each time until one comes to an end; news from the owner ends the wait. */
    async delay(hash: BundleHash, reason: string, longestMs = longestDelayMs): Promise<void> {
      await keeper.change('talos', (life) => delayRun(life, { hash, reason }, Date.now()));
      const waitMs = Math.min(retryMs * 2 ** delays, longestMs);
      const seen = nudges;
      delays += 1;
      await condition(() => nudges !== seen || !isCurrent(hash), waitMs);
    },

    /** A run has come to an end: the next wait is a short one again. */
    wentOn(): void {
      delays = 0;
    },

    /** There is news: ends every wait, and what runs for a version that is no longer under test. */
    nudge(): void {
      nudges += 1;
      if (running === undefined || isCurrent(running.hash)) return;
      running.isOver = true;
      running.scope.cancel();
    },
  };
}
