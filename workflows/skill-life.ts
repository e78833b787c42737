import {
  allHandlersFinished,
  condition,
  continueAsNew,
  isCancellation,
  log,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';

import { isTestDue, testCandidate } from './candidate-test.ts';
import { createCandidateWatch } from './candidate-watch.ts';
import { createLifeKeeper } from './life-keeper.ts';
import { handleOrders } from './life-orders.ts';
import type { SkillLifeInput } from './messages.ts';

/** The whole life of one skill: quarantine, the owner's decision, use, strikes, revisions. It has no end; its history begins anew. */
export async function skillLife(input: SkillLifeInput): Promise<never> {
  const { id, settings } = input;
  const { retryMs, continueAfter, queueWaitSeconds } = settings;
  const keeper = createLifeKeeper(input);
  const watch = createCandidateWatch(keeper, retryMs);
  handleOrders(keeper, watch);
  await keeper.load();
  const isLong = () => keeper.steps() >= continueAfter || workflowInfo().continueAsNewSuggested;
  for (;;) {
    await condition(() => isTestDue(keeper.current()) || isLong());
    if (isLong()) {
      await quiet();
      await continueAsNew<typeof skillLife>({ id, settings, life: keeper.current() });
    }
    try {
      await testCandidate({ id, keeper, watch, queueWaitSeconds });
    } catch (thrown) {
      if (isCancellation(thrown)) throw thrown;
      // A life must not end because one of its steps broke.
      log.warn('a step of the quarantine failed and is taken again', { skill: id, error: String(thrown) });
      await sleep(retryMs);
    }
  }
}

/** Where an event comes in between, the server drops the whole task in which a history begins anew; its answers had better be out. */
async function quiet(): Promise<void> {
  for (let tries = 0; tries < 5; tries += 1) {
    await sleep('50 milliseconds');
    if (allHandlersFinished()) return;
  }
  await condition(allHandlersFinished);
}
