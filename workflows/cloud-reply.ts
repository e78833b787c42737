import { CancellationScope, condition, isCancellation, patched, setHandler } from '@temporalio/workflow';

import type { MessageRef } from '../domain/chat.ts';
import { TalosError } from '../domain/errors.ts';
import { isCloudLookedAt, type LocalFailure } from '../domain/routing/decide.ts';
import type { CloudDecision } from '../domain/routing/departure.ts';
import { neitherAnswered, withoutLeave } from '../domain/routing/refusals.ts';
import type { CloudLeave, CloudOrder, CloudPlan, Generation } from '../domain/settlement.ts';
import { fromActivityFailure, toApplicationFailure } from './failure.ts';
import { decideCloud } from './messages.ts';
import { core, local } from './proxies.ts';

type Asking = {
  /** Called when the owner is asked: nobody else has to wait for that. */
  readonly onWait: () => Promise<void>;
};

/** Runs what answers on this machine; where no local model can, the cloud stands in if it may. */
export async function withStandIn(
  ref: MessageRef,
  answerHere: () => Promise<Generation>,
  asking: Asking,
): Promise<Generation> {
  try {
    return await answerHere();
  } catch (thrown) {
    const failure = isCancellation(thrown) ? undefined : localFailure(fromActivityFailure(thrown));
    if (failure === undefined || !patched('cloud-stand-in')) throw thrown;
    return replyFromCloud(ref, asking, failure);
  }
}

/** Lets the cloud answer: after a failure of the local engine, or because the message asks for it. */
export async function replyFromCloud(
  { conversation, key }: MessageRef,
  { onWait }: Asking,
  failure?: LocalFailure,
): Promise<Generation> {
  const ref = { conversation, key };
  const plan = await local.planCloud({ ...ref, ...(failure && { failure }) });
  switch (plan.kind) {
    case 'refuse':
      throw refusal(plan);
    case 'go':
      return call({ ...ref, reason: plan.reason }, failure);
    case 'ask': {
      const leave = await askLeave(ref, plan, onWait);
      if (typeof leave === 'string') throw refusal(withoutLeave(leave, failure?.message));
      return call({ ...ref, reason: 'owner-allowed', leave }, failure);
    }
  }
}

/** Without a local answer the reader learns of both failures; what the cloud refused or blocked stands by itself. */
async function call(order: CloudOrder, failure: LocalFailure | undefined): Promise<Generation> {
  try {
    return await core.generateCloudReply(order);
  } catch (thrown) {
    if (failure === undefined || isCancellation(thrown)) throw thrown;
    const { code, message } = fromActivityFailure(thrown);
    if (!isAway.has(code)) throw thrown;
    throw refusal(neitherAnswered(failure.message, message));
  }
}

const isAway: ReadonlySet<string> = new Set([
  'CLOUD_NOT_CONFIGURED',
  'CLOUD_UNAVAILABLE',
  'CLOUD_PAUSED',
  'CLOUD_BUDGET_SPENT',
]);

/** The owner's leave; it may come days later, after any number of restarts. The first decision counts. */
async function askLeave(
  ref: MessageRef,
  plan: Extract<CloudPlan, { kind: 'ask' }>,
  onWait: () => Promise<void>,
): Promise<CloudLeave | 'refused' | 'expired'> {
  const decisions: CloudDecision[] = [];
  setHandler(decideCloud, (made) => void decisions.push(made));
  let parked: { readonly binding: string } | undefined;
  try {
    parked = await local.parkCloud(ref, plan);
    await onWait();
    await condition(() => decisions.length > 0, `${plan.consentSeconds} seconds`);
  } finally {
    // An attempt at asking may have got halfway when the message was stopped.
    if (parked !== undefined || patched('unpark-half-asked')) {
      await CancellationScope.nonCancellable(() => local.unparkCloud(ref));
    }
  }
  const [decision] = decisions;
  if (decision === undefined) return 'expired';
  if (!decision.isAllowed) return 'refused';
  // It may have been asked for again since: leave is for what the owner saw, not for what would leave by now.
  return { approval: decision.approval, binding: decision.binding ?? parked.binding };
}

function localFailure({ code, message, details }: TalosError): LocalFailure | undefined {
  const { reason } = details;
  const failure = { code, message, ...(typeof reason === 'string' && { reason }) };
  return isCloudLookedAt(failure) ? failure : undefined;
}

function refusal({ code, message }: Pick<LocalFailure, 'code' | 'message'>) {
  return toApplicationFailure(new TalosError(code, message, { details: { final: true } }));
}
