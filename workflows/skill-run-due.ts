import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import {
  CancellationScope,
  ChildWorkflowFailure,
  executeChild,
  isCancellation,
  patched,
  setCurrentDetails,
} from '@temporalio/workflow';

import type { DueRunEnd } from '../domain/skills/due-run.ts';
import type { SkillRunRef } from '../domain/skills/run.ts';
import { dueTime } from './due-time.ts';
import { type SkillRunDueInput, skillRunWorkflowId } from './messages.ts';
import { core, local } from './proxies.ts';
import { skillRun } from './skill-run.ts';
import { settleStoppedRun } from './stopped-run.ts';

const skillAttribute = defineSearchAttributeKey('TalosSkillId', SearchAttributeType.KEYWORD);

/** Night work: whatever somebody waits for goes first. */
const priority = 5;

/** One time at which a schedule of a skill was due: it runs the skill or is skipped, and how it ended is recorded either way. */
export async function skillRunDue(input: SkillRunDueInput): Promise<DueRunEnd> {
  const { skill, schedule: name, catchUpMs } = input;
  const end = await comeDue(input);
  setCurrentDetails(`**${end.state}**${end.reason === undefined ? '' : `: ${end.reason}`}`);
  try {
    await core.keepSkillSchedule({ skill, name, catchUpMs });
  } catch (thrown) {
    if (isCancellation(thrown)) throw thrown; // any other failure is made good by the next due run
  }
  return end;
}

async function comeDue({ skill, schedule: name, catchUpMs, queueWaitSeconds }: SkillRunDueInput): Promise<DueRunEnd> {
  const due = { skill, name, dueAt: dueTime(), catchUpMs };
  const start = await CancellationScope.nonCancellable(() => local.beginDueRun(due));
  if (start.kind === 'ended') return start.end;
  const end = await run({ skill, key: start.key }, queueWaitSeconds);
  await CancellationScope.nonCancellable(() => local.endDueRun(due, end));
  return end;
}

async function run(ref: SkillRunRef, queueWaitSeconds: number): Promise<DueRunEnd> {
  try {
    const { state, verdict, code } = await executeChild(skillRun, {
      workflowId: skillRunWorkflowId(ref),
      args: [{ ...ref, priority, queueWaitSeconds }],
      staticSummary: `skill ${ref.skill}, due by a schedule`,
      typedSearchAttributes: [{ key: skillAttribute, value: ref.skill }],
    });
    if (state === 'ok') return { state: 'ran' };
    return { state: 'failed', reason: verdict ?? code ?? 'RUN_STOPPED' };
  } catch (thrown) {
    // One that never began would be pending for ever; one that is there already and goes on has no word from here.
    const isStopped =
      thrown instanceof ChildWorkflowFailure || (isCancellation(thrown) && patched('stopped-before-run'));
    if (isStopped) await CancellationScope.nonCancellable(() => settleStoppedRun(ref));
    return { state: 'failed', reason: 'RUN_STOPPED' };
  }
}
