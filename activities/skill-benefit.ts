import { runId } from '../domain/skills/run.ts';
import { distinctCases } from '../domain/skills/test-plan.ts';
import { withHeartbeat } from './heartbeat.ts';
import { refuseWhenLocked } from '../domain/lockdown/refuse.ts';
import { executeRun } from './skill-execution.ts';
import type { VersionRef } from './skill-life.ts';
import { type SkillDeps, skillParts } from './skill-parts.ts';

/** Cases compared; more would keep the GPU from people who chat. */
const mostCases = 20;

/** The two halves of whether a skill helps: its cases with it, on the sandbox queue, and by the model alone, on the GPU queue. */
export function createSkillBenefitActivities(deps: SkillDeps) {
  const guard = <T>(work: (signal: AbortSignal) => Promise<T>) =>
    withHeartbeat(work, () => refuseWhenLocked(deps.lockdown));

  async function casesOf({ id, hash }: VersionRef) {
    const { skills, skillRules } = skillParts(deps);
    const bundle = await skills.load(id, hash);
    return { bundle, cases: distinctCases(bundle.cases, skillRules.hashJson).slice(0, mostCases) };
  }

  return {
    /** How many cases the model alone gets right; null where it cannot be asked. */
    answerCases: (version: VersionRef): Promise<{ passed: number; model: string } | null> =>
      guard(async (signal) => {
        const { bundle, cases } = await casesOf(version);
        const alone = cases.map(({ evalCase }) => evalCase);
        return (await skillParts(deps).skillRules.answerAlone(bundle, alone, signal)) ?? null;
      }),

    /** How many of the same cases the skill gets right. */
    runCases: (version: VersionRef): Promise<{ passed: number; cases: number }> =>
      guard(async (signal) => {
        const { bundle, cases } = await casesOf(version);
        let passed = 0;
        for (const [index, { evalCase, inputHash }] of cases.entries()) {
          const ref = { skill: version.id, key: `benefit-${version.hash.slice(0, 12)}-${index}` };
          const { input } = evalCase;
          const record = {
            ...ref,
            state: 'pending',
            inputBy: 'case',
            inputHash,
            input,
            createdAt: deps.now(),
          } as const;
          deps.logger.debug({ correlationId: runId(ref) }, 'running a case to see whether the skill helps');
          const { state } = await executeRun(skillParts(deps), { bundle, record, evalCase }, signal);
          if (state === 'ok') passed += 1;
        }
        return { passed, cases: cases.length };
      }),
  };
}
