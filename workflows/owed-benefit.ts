import { condition, patched } from '@temporalio/workflow';

import type { BundleHash } from '../domain/skills/manifest.ts';
import { isUnmeasured } from '../domain/skills/quarantine.ts';
import type { LifeKeeper } from './life-keeper.ts';

export type OwedBenefit = ReturnType<typeof createOwedBenefit>;

/** Longest wait before it is tried again to measure how much a version helps. */
const longestWaitMs = 6 * 60 * 60 * 1000;

/** Keeps in mind which version is before the owner without how much it helps, because the GPU was busy or the model failed. */
export function createOwedBenefit(keeper: LifeKeeper, retryMs: number) {
  let owed: { readonly hash: BundleHash; tries: number } | undefined;

  return {
    /** Says that a version could not be measured; each time it is tried again later. Histories from before that keep to what they did. */
    owe(hash: BundleHash): void {
      if (!patched('benefit-later')) return;
      owed = { hash, tries: owed?.hash === hash ? owed.tries + 1 : 0 };
    },

    /** Nothing is owed any more. */
    settle(): void {
      owed = undefined;
    },

    /** Waits for other work; the version to measure when it is time for that before. */
    async dueBefore(isOtherDue: () => boolean): Promise<BundleHash | undefined> {
      if (owed === undefined) {
        await condition(isOtherDue);
        return undefined;
      }
      const { hash, tries } = owed;
      const isOwed = () => isUnmeasured(keeper.current()) && keeper.current().candidate?.hash === hash;
      const isElsewhere = await condition(
        () => isOtherDue() || !isOwed(),
        Math.min(retryMs * 2 ** tries, longestWaitMs),
      );
      if (!isOwed()) owed = undefined;
      return isElsewhere ? undefined : owed?.hash;
    },
  };
}
