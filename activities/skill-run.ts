import { TalosError } from '../domain/errors.ts';
import type { SkillPorts } from '../domain/skills/ports.ts';
import type { CleanRun } from '../domain/skills/certificate.ts';
import type { BundleHash } from '../domain/skills/manifest.ts';
import { factsOf, type RunFacts } from '../domain/skills/run-facts.ts';
import {
  longestRunMessage,
  runId,
  type SkillRunRecord,
  type SkillRunRef,
  type SkillRunResult,
} from '../domain/skills/run.ts';
import { certificateBroken } from '../domain/skills/skill-name.ts';
import { distinctCases, nextCase } from '../domain/skills/test-plan.ts';
import { withHeartbeat } from './heartbeat.ts';
import { refuseWhenLocked } from '../domain/lockdown/refuse.ts';
import { executeRun, type RunPlan } from './skill-execution.ts';
import { type SkillDeps, skillParts } from './skill-parts.ts';

/**
 * A run to make. With `test` it is the next case of that version that has not passed yet, else the active version on its input; with
 * `hash` only if that is the active one.
 */
export type RunOrder = SkillRunRef & { readonly test?: TestOrder; readonly hash?: BundleHash };
type TestOrder = {
  readonly hash: BundleHash;
  readonly passed: readonly Pick<CleanRun, 'case' | 'inputHash'>[];
};

/** Steps of one run. */
export function createSkillRunActivities(deps: SkillDeps) {
  return {
    /** Runs a skill once and keeps what came of it. Only what is no fault of the skill fails, and is tried again where that can help. */
    runSkill: async (order: RunOrder): Promise<RunFacts> =>
      withHeartbeat(
        (signal) => perform(deps, order, signal),
        () => refuseWhenLocked(deps.lockdown),
      ),

    /** Ends a run that came to no verdict; tells how it has really ended. */
    async settleSkillRun(
      { skill, key }: SkillRunRef,
      { error, ...result }: Pick<SkillRunResult, 'state' | 'blame' | 'error'>,
    ): Promise<RunFacts> {
      const { skillRuns } = skillParts(deps);
      const why = error && { error: { ...error, message: error.message.slice(0, longestRunMessage) } };
      await skillRuns.settle({ skill, key }, { ...result, ...why, egress: [], log: '', finishedAt: deps.now() });
      return factsOf(await recordOf(skillRuns, { skill, key }), deps.settings);
    },
  };
}

async function perform(deps: SkillDeps, order: RunOrder, signal: AbortSignal): Promise<RunFacts> {
  const parts = skillParts(deps);
  const ref = { skill: order.skill, key: order.key };
  const [plan] = await Promise.all([
    order.test === undefined ? planRun(parts, ref, order.hash) : planTest(deps, ref, order.test),
    refuseWhenLocked(deps.lockdown),
  ]);
  // An attempt whose answer was lost has settled it already.
  if (plan.record.state !== 'pending') return factsOf(plan.record, deps.settings);
  const { output, ...ending } = await executeRun(parts, plan, signal);
  const result = { ...ending, finishedAt: deps.now() };
  await auditRun(deps, plan, result);
  await parts.skillRuns.settle(ref, result, output);
  return factsOf(await recordOf(parts.skillRuns, ref), deps.settings);
}

async function auditRun(deps: SkillDeps, { record, bundle }: RunPlan, result: SkillRunResult): Promise<void> {
  const { state, verdict = 'none', blame, egress } = result;
  const details = { hash: bundle.hash, state, verdict, egress: egress.length, ...(blame && { blame }) };
  await deps.audit.append({ type: 'skill-run', actor: 'talos', subject: runId(record), details });
}

async function recordOf(skillRuns: SkillPorts['skillRuns'], ref: SkillRunRef): Promise<SkillRunRecord> {
  const record = await skillRuns.run(ref);
  if (record !== undefined) return record;
  throw new TalosError('NOT_FOUND', `Run ${runId(ref)} is not in the store; start it anew.`);
}

/** The active version by the catalogue: whoever was told that a version is out of use finds it so. */
async function planRun(
  { skills, skillRuns, catalog }: SkillPorts,
  ref: SkillRunRef,
  hash: BundleHash | undefined,
): Promise<RunPlan> {
  const [record, life] = await Promise.all([recordOf(skillRuns, ref), catalog.get(ref.skill)]);
  if (life?.active === undefined) {
    throw new TalosError(
      'SKILL_NOT_READY',
      `Skill ${ref.skill} has no active version; \`talos skills show\` says why.`,
    );
  }
  if (hash !== undefined && hash !== life.active.hash) {
    throw new TalosError('SKILL_CHANGED', `Skill ${ref.skill} has another active version now; ask for it again.`);
  }
  const version = { id: ref.skill, hash: life.active.hash };
  const [bundle, certificate] = await Promise.all([
    skills.load(version.id, version.hash),
    skills.certificate(version.id, version.hash),
  ]);
  if (certificate === undefined) throw certificateBroken(version, 'There is none.');
  return { bundle, record };
}

async function planTest(deps: SkillDeps, ref: SkillRunRef, { hash, passed }: TestOrder): Promise<RunPlan> {
  const { skills, skillRuns, skillRules } = skillParts(deps);
  const bundle = await skills.load(ref.skill, hash);
  const next = nextCase(distinctCases(bundle.cases, skillRules.hashJson), passed);
  if (next === undefined) throw new TalosError('SKILL_INVALID', `Skill ${ref.skill} has no further case to run.`);
  const { evalCase, inputHash } = next;
  const { id, input } = evalCase;
  await skillRuns.accept({ ...ref, input, inputBy: 'case', inputHash, case: id, createdAt: deps.now() });
  return { bundle, record: await recordOf(skillRuns, ref), evalCase };
}
