import {
  allHandlersFinished,
  condition,
  continueAsNew,
  isCancellation,
  log,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';

import { isUnmeasured } from '../domain/skills/quarantine.ts';
import { isTestDue, measureLater, testCandidate } from './candidate-test.ts';
import { createCandidateWatch } from './candidate-watch.ts';
import { createLifeKeeper } from './life-keeper.ts';
import { handleOrders } from './life-orders.ts';
import type { SkillLifeInput } from './messages.ts';
import { createOwedBenefit } from './owed-benefit.ts';

/** The whole life of one skill: quarantine, the owner's decision, use, strikes, revisions. It has no end; its history begins anew. */
export async function skillLife(input: SkillLifeInput): Promise<never> {
  const { id, settings } = input;
  const { retryMs, continueAfter, queueWaitSeconds } = settings;
  const keeper = createLifeKeeper(input);
  const watch = createCandidateWatch(keeper, retryMs);
  const owed = createOwedBenefit(keeper, retryMs);
  const context = { id, keeper, watch, owed, queueWaitSeconds };
  handleOrders(keeper, watch);
  await keeper.load();
  const { candidate } = keeper.current();
  if (candidate !== undefined && isUnmeasured(keeper.current())) owed.owe(candidate.hash);
  const isLong = () => keeper.steps() >= continueAfter || workflowInfo().continueAsNewSuggested;
  for (;;) {
    const unmeasured = await owed.dueBefore(() => isTestDue(keeper.current()) || isLong());
    if (isLong()) {
      await quiet();
      await continueAsNew<typeof skillLife>({ id, settings, life: keeper.current() });
    }
    try {
      if (unmeasured !== undefined) await measureLater(context, unmeasured);
      else if (isTestDue(keeper.current())) await testCandidate(context);
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
