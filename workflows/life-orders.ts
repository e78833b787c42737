import { log, patched, setHandler } from '@temporalio/workflow';

import { TalosError } from '../domain/errors.ts';
import type { SkillLife } from '../domain/skills/life.ts';
import { consentRefusal, reject } from '../domain/skills/promotion.ts';
import { isKnown, submit } from '../domain/skills/quarantine.ts';
import { deprecate, restore, retest, strike } from '../domain/skills/retirement.ts';
import type { CandidateWatch } from './candidate-watch.ts';
import { toApplicationFailure } from './failure.ts';
import type { LifeKeeper } from './life-keeper.ts';
import {
  approveSkill,
  deprecateSkill,
  lifeOfSkill,
  recordFailure,
  rejectSkill,
  restoreSkill,
  retestSkill,
  submitSkill,
} from './messages.ts';
import { promoteVersion } from './promote-version.ts';
import { core, local } from './proxies.ts';

/** What a life can be told and asked. Each order resolves with the life after it; a refused approval leaves no trace in the history. */
export function handleOrders(keeper: LifeKeeper, watch: CandidateWatch): void {
  const order = async (work: () => Promise<SkillLife>): Promise<SkillLife> => {
    await core.takeOrder();
    return work();
  };
  const then = async (work: () => Promise<SkillLife>): Promise<SkillLife> => {
    const result = await order(work);
    watch.nudge();
    return result;
  };

  setHandler(lifeOfSkill, () => keeper.current());
  setHandler(submitSkill, ({ hash, by, over }) =>
    then(() =>
      keeper.change(by, async (life) => {
        const known = { version: '', findings: [] };
        const found = isKnown(life, hash) ? known : await local.inspectSkill({ id: life.id, hash });
        return submit(life, { hash, ...found, over }, Date.now());
      }),
    ),
  );
  setHandler(approveSkill, (consent) => then(() => promoteVersion(keeper, consent)), {
    validator: (consent) => {
      const refusal = keeper.isLoaded() ? consentRefusal(keeper.current(), consent) : undefined;
      if (refusal !== undefined) throw toApplicationFailure(new TalosError(refusal.code, refusal.message));
    },
  });
  setHandler(rejectSkill, ({ by, ...wish }) =>
    then(() => keeper.change(by, (life) => reject(life, { ...wish, endedBy: 'owner' }, Date.now()))),
  );
  setHandler(deprecateSkill, ({ by, ...wish }) =>
    order(() => keeper.change(by, (life) => deprecate(life, wish, Date.now()))),
  );
  setHandler(restoreSkill, ({ by, ...wish }) =>
    order(() => keeper.change(by, (life) => restore(life, wish, Date.now()))),
  );
  setHandler(retestSkill, ({ by, ...wish }) =>
    then(() => keeper.change(by, (life) => retest(life, { ...wish, isMarked: patched('retest-marked') }, Date.now()))),
  );
  setHandler(recordFailure, async (report) => {
    try {
      await keeper.change('talos', (life) => strike(life, report, Date.now()));
    } catch (thrown) {
      // A handler of a signal that fails would end the life.
      log.error('a strike could not be recorded', { skill: keeper.current().id, error: String(thrown) });
    }
  });
}
