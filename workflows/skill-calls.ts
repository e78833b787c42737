import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  CancellationScope,
  ChildWorkflowFailure,
  executeChild,
  isCancellation,
  ParentClosePolicy,
  patched,
  workflowInfo,
} from '@temporalio/workflow';

import type { MessageRef } from '../domain/chat.ts';
import type { Generation, PlannedCall } from '../domain/settlement.ts';
import { addMs, addUsage } from '../domain/usage.ts';
import type { SkillStep } from '../domain/skills/steps.ts';
import { type CallConsent, createCallConsent } from './call-consent.ts';
import { type MessageInput, type SkillRunInput, skillRunWorkflowId } from './messages.ts';
import { gpu, local } from './proxies.ts';
import { settleStoppedRun } from './stopped-run.ts';

/** How long a call waits for a worker with a sandbox before the model is told that there is none. */
const sandboxWaitSeconds = 60;

type Progress = {
  /** Every skill that was used so far. */
  readonly steps: SkillStep[];
  /** Called when the owner is asked: nobody else has to wait for that. */
  readonly onWait: () => Promise<void>;
};

/** Lets the model answer, and runs the skills it asks for until it does. How often it may ask is up to the step itself. */
export async function replyWithSkills(input: MessageInput, { steps, onWait }: Progress): Promise<Generation> {
  const { conversation, key, gpuWaitSeconds } = input;
  const ref = { conversation, key };
  const consent = createCallConsent(ref, onWait);
  let generation = await gpu(gpuWaitSeconds).generateReply(ref);
  for (let round = 1; generation.calls !== undefined; round += 1) {
    await runTogether(generation.calls, { steps, run: (call) => runCall(ref, call, consent) });
    const next = await gpu(gpuWaitSeconds).generateReply({ ...ref, round });
    const usage = addUsage(generation.usage, next.usage);
    generation = { ...next, usage, modelMs: addMs(generation.modelMs, next.modelMs) };
  }
  return generation;
}

type Together = { readonly steps: SkillStep[]; readonly run: (call: PlannedCall) => Promise<SkillStep> };

/** Calls of one round, side by side. When one cannot be made or is stopped, so are the others, and what has ended stays a step. */
async function runTogether(calls: readonly PlannedCall[], { steps, run }: Together): Promise<void> {
  const scope = new CancellationScope();
  const running = calls.map((call) => scope.run(() => run(call)));
  try {
    steps.push(...(await Promise.all(running)));
  } catch (thrown) {
    if (!patched('calls-end-together')) throw thrown;
    scope.cancel();
    const ended = await CancellationScope.nonCancellable(() => Promise.allSettled(running));
    steps.push(...ended.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])));
    throw thrown;
  }
}

async function runCall(ref: MessageRef, call: PlannedCall, consent: CallConsent): Promise<SkillStep> {
  try {
    return await makeCall(ref, call, consent);
  } catch (thrown) {
    // A run that was accepted and never began would wait for ever; one that did begin has settled itself.
    const { skill, key } = call;
    if (isCancellation(thrown) ? patched('stopped-before-call') : patched('failed-call')) {
      await CancellationScope.nonCancellable(() => settleStoppedRun({ skill, key }));
    }
    throw thrown;
  }
}

async function makeCall(ref: MessageRef, call: PlannedCall, consent: CallConsent): Promise<SkillStep> {
  const answer = await consent.ask(call);
  if (answer !== 'allowed') return local.declineCall(ref, call, answer);
  await local.beginStep(ref, call);
  await runSkill(call);
  return local.concludeStep(ref, call);
}

/** A run of its own that ends when its message is stopped. What came of it is in the store of runs. */
async function runSkill({ skill, key, hash }: PlannedCall): Promise<void> {
  const input: SkillRunInput = { skill, key, hash, priority: 1, queueWaitSeconds: sandboxWaitSeconds };
  try {
    await executeChild('skillRun', {
      workflowId: skillRunWorkflowId({ skill, key }),
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
      args: [input],
      staticSummary: `for ${workflowInfo().workflowId}`,
    });
  } catch (thrown) {
    if (thrown instanceof WorkflowExecutionAlreadyStartedError) return; // that one is this same run
    const isStopped = thrown instanceof ChildWorkflowFailure && !isCancellation(thrown);
    if (!isStopped || !patched('stopped-call')) throw thrown;
    await settleStoppedRun({ skill, key }); // the model goes on without it
  }
}
