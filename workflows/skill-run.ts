import { CancellationScope, isCancellation, setCurrentDetails } from '@temporalio/workflow';

import type { ErrorCode } from '../domain/errors.ts';
import type { SandboxVerdict } from '../domain/sandbox/run.ts';
import type { RunFacts } from '../domain/skills/run-facts.ts';
import type { SkillRunState } from '../domain/skills/run.ts';
import { fromActivityFailure } from './failure.ts';
import { recordFailure, skillLifeWorkflowId, type SkillRunInput } from './messages.ts';
import { local, sandbox } from './proxies.ts';
import { signalled } from './signalled.ts';

/** What a run ended with; the rest is in the store of runs. */
type RunEnding = { readonly state: SkillRunState; readonly verdict?: SandboxVerdict; readonly code?: ErrorCode };

/** One run of an active skill: once in a sandbox, again only when the sandbox broke; a fault of the skill is reported to its life. */
export async function skillRun(input: SkillRunInput): Promise<RunEnding> {
  const facts = await run(input);
  await CancellationScope.nonCancellable(() => report(input, facts));
  const { state, verdict, code } = facts;
  setCurrentDetails(`**${state}**${verdict === undefined ? '' : `: ${verdict}`}`);
  return { state, ...(verdict !== undefined && { verdict }), ...(code !== undefined && { code }) };
}

async function run({ skill, key, hash, priority, queueWaitSeconds }: SkillRunInput): Promise<RunFacts> {
  try {
    return await sandbox({ priority, waitSeconds: queueWaitSeconds }).runSkill({
      skill,
      key,
      ...(hash !== undefined && { hash }),
    });
  } catch (thrown) {
    const ending = withoutVerdict(thrown);
    return CancellationScope.nonCancellable(() => local.settleSkillRun({ skill, key }, ending));
  }
}

/** How a run ends that no sandbox finished; never the skill's fault. */
function withoutVerdict(thrown: unknown): Parameters<typeof local.settleSkillRun>[1] {
  if (isCancellation(thrown)) return { state: 'cancelled' };
  const { code, message } = fromActivityFailure(thrown);
  return { state: code === 'LOCKDOWN' ? 'cancelled' : 'failed', blame: 'environment', error: { code, message } };
}

async function report({ skill }: SkillRunInput, { blame, hash, ...facts }: RunFacts): Promise<void> {
  const { runId, verdict, strikeThreshold: threshold } = facts;
  if (blame !== 'skill' || hash === undefined || verdict === undefined) return;
  const fault = { runId, verdict, threshold };
  await signalled(skillLifeWorkflowId(skill), (handle) => handle.signal(recordFailure, { hash, fault }));
}
