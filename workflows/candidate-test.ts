import { isCancellation, patched, uuid4 } from '@temporalio/workflow';

import type { Benefit } from '../domain/skills/certificate.ts';
import type { SkillLife, SkillVersion } from '../domain/skills/life.ts';
import type { BundleHash, SkillId } from '../domain/skills/manifest.ts';
import { discard, gainsByItself, promotesItself } from '../domain/skills/promotion.ts';
import { addBenefit, askOwner, beginRuns, countRun, failRun, isTested } from '../domain/skills/quarantine.ts';
import type { RunFacts } from '../domain/skills/run-facts.ts';
import type { CandidateWatch } from './candidate-watch.ts';
import { fromActivityFailure } from './failure.ts';
import { isBrokenFiles, type LifeKeeper } from './life-keeper.ts';
import { measureBenefit } from './measure-benefit.ts';
import type { OwedBenefit } from './owed-benefit.ts';
import { promoteVersion } from './promote-version.ts';
import { local, sandbox } from './proxies.ts';

/** What a test needs: the life, what is under test, and the longest wait for a worker. */
export type TestContext = {
  readonly id: SkillId;
  readonly keeper: LifeKeeper;
  readonly watch: CandidateWatch;
  readonly owed: OwedBenefit;
  readonly queueWaitSeconds: number;
};

/** The steps of quarantine are the machine's own. */
const actor = 'talos';

/** As much of a message as the reason of a version holds. */
const longestReason = 500;

/** A machine without a sandbox is looked at again at least this often: somebody may have followed the message. */
const mendedMs = 60_000;

/** Whether a version waits for a run or for its evidence to be put together. */
export function isTestDue({ candidate }: SkillLife): boolean {
  return candidate?.state === 'quarantined' || candidate?.state === 'running';
}

/** Takes the next step of the test: one run, or with three clean ones the way to the owner. */
export async function testCandidate(context: TestContext): Promise<void> {
  const { keeper, watch } = context;
  const version = watch.candidate();
  if (version === undefined) return;
  const { hash } = version;
  await keeper.change(actor, (life) => beginRuns(life, hash, Date.now()));
  await (isTested(version) ? finish(context, hash) : runOnce(context, version));
}

async function runOnce(context: TestContext, { hash, runs }: SkillVersion): Promise<void> {
  const { id, keeper, watch, queueWaitSeconds } = context;
  const passed = runs.map(({ case: name, inputHash }) => ({ case: name, inputHash }));
  const order = { skill: id, key: `test-${uuid4()}`, test: { hash, passed } };
  try {
    const { runSkill } = sandbox({ priority: 3, waitSeconds: queueWaitSeconds });
    const facts = await watch.whileCurrent(hash, () => runSkill(order));
    if (facts !== undefined) await record(context, hash, facts);
  } catch (thrown) {
    if (isCancellation(thrown)) throw thrown;
    const { code, message } = fromActivityFailure(thrown);
    const reason = `Its files cannot be run (${code}): ${message}`.slice(0, longestReason);
    if (isBrokenFiles(code)) await keeper.change(actor, (life) => discard(life, { hash, reason }, Date.now()));
    else if (code === 'SANDBOX_UNAVAILABLE') await watch.delay(hash, message.slice(0, longestReason), mendedMs);
    else await watch.delay(hash, `It could not be run (${code}); it is tried again.`);
  }
}

async function record({ keeper, watch }: TestContext, hash: BundleHash, facts: RunFacts): Promise<void> {
  const { clean, blame, runId, verdict = 'invalid-output', case: name = '', strikeThreshold: threshold } = facts;
  if (clean === undefined && blame === 'environment') {
    await watch.delay(hash, `Case ${name} met a fault outside the skill (run ${runId}); it is run again.`);
    return;
  }
  watch.wentOn();
  const reason = `Case ${name} failed: ${verdict} (run ${runId}).`;
  await keeper.change(actor, (life) =>
    clean === undefined
      ? failRun(life, { hash, fault: { runId, verdict, threshold }, reason }, Date.now())
      : countRun(life, { hash, run: clean }, Date.now()),
  );
}

/** Measures the benefit, asks the owner, and promotes a revision that may go without. */
async function finish(context: TestContext, hash: BundleHash): Promise<void> {
  const { keeper, watch } = context;
  const benefit = await watch.whileCurrent(hash, () => measure(context, hash));
  await keeper.change(actor, (life) => askOwner(life, { hash, benefit }, Date.now()));
  await promoteBetter(context, hash);
}

/** Tries again to measure a version that is before the owner already. */
export async function measureLater(context: TestContext, hash: BundleHash): Promise<void> {
  const { keeper, watch } = context;
  const benefit = await watch.whileCurrent(hash, () => measure(context, hash));
  if (benefit === undefined) return;
  await keeper.change(actor, (life) => addBenefit(life, { hash, benefit }));
  await promoteBetter(context, hash);
}

async function promoteBetter({ id, keeper, watch }: TestContext, hash: BundleHash): Promise<void> {
  const { active } = keeper.current();
  if (active === undefined || !watch.isCurrent(hash)) return;
  const facts = await local.assessRevision({ id, active: active.hash, candidate: hash });
  if (!promotesItself(keeper.current(), facts)) return;
  if (patched('gains-by-itself') && !gainsByItself(keeper.current())) return;
  await promoteVersion(keeper, { by: actor, hash, approval: `trust-level-${facts.trustLevel}` });
}

/** How much the skill helps; undefined where it cannot be told now, which keeps nobody waiting. */
async function measure({ id, owed, queueWaitSeconds }: TestContext, hash: BundleHash): Promise<Benefit | undefined> {
  try {
    const benefit = await measureBenefit({ id, hash }, queueWaitSeconds);
    owed.settle();
    return benefit ?? undefined;
  } catch (thrown) {
    if (isCancellation(thrown)) throw thrown;
    owed.owe(hash);
    return undefined;
  }
}
