import { activityInfo } from '@temporalio/activity';

import { messageId, type MessageRecord, type MessageRef } from '../domain/chat.ts';
import type { AwaitedClouds, CloudEvent, CloudModel, CloudState } from '../domain/cloud/ports.ts';
import { TalosError } from '../domain/errors.ts';
import { refuseWhenLocked } from '../domain/lockdown/refuse.ts';
import type { ModelEvent } from '../domain/models/model.ts';
import type { AuditLog, ConversationStore, LanguageModel, LockdownStore, TextHasher } from '../domain/ports.ts';
import type { TokenStream } from '../domain/ports.ts';
import { cloudBar, cloudObstacle } from '../domain/routing/decide.ts';
import { describeDeparture } from '../domain/routing/departure.ts';
import type { CloudOrder, CloudPlan, CloudWish, Generation } from '../domain/settlement.ts';
import { planCloud, recordOf, wishOf } from './cloud-plan.ts';
import { buildCloudRequest, type CloudParts } from './cloud-request.ts';
import { withHeartbeat } from './heartbeat.ts';
import type { ModelSettings } from './model-settings.ts';
import { streamReply } from './reply-stream.ts';

type Deps = {
  readonly conversations: ConversationStore;
  readonly tokens: TokenStream;
  readonly lockdown: LockdownStore;
  readonly audit: AuditLog;
  readonly model: LanguageModel;
  readonly cloud: CloudModel;
  readonly awaitedClouds: AwaitedClouds;
  readonly hashText: TextHasher;
  readonly settings: ModelSettings & { readonly consentSeconds: number };
  now(): number;
  newMarker(): string;
};

/** The steps by which a message goes to the cloud: whether, with whose leave, and the answer. */
export function createCloudActivities(deps: Deps) {
  return {
    /** Decides whether a message goes to the cloud: nothing is sent. */
    planCloud: (wish: CloudWish): Promise<CloudPlan> => planCloud(deps, wish),

    /** Asks the owner for leave, and says what would leave; returns the hash of that. */
    async parkCloud(ref: MessageRef, plan: Extract<CloudPlan, { kind: 'ask' }>): Promise<{ binding: string }> {
      const { departure } = await prepare(deps, ref);
      const askedAt = deps.now();
      const until = askedAt + plan.consentSeconds * 1000;
      await deps.awaitedClouds.add({ message: messageId(ref), reason: plan.reason, ...departure, askedAt, until });
      const { host, kinds, bytes, binding } = departure;
      await deps.tokens.append(ref, { type: 'awaiting-cloud', host, kinds, bytes, until });
      return { binding };
    },

    /** The owner has decided, or nobody waits for it any more. */
    unparkCloud: (ref: MessageRef): Promise<void> => deps.awaitedClouds.remove(messageId(ref)),

    /** Streams the answer of the cloud and keeps it as the draft, as the local model's is. It needs no GPU. */
    generateCloudReply: (order: CloudOrder): Promise<Generation> =>
      withHeartbeat(
        (signal) => generate(deps, order, signal),
        () => refuseWhenLocked(deps.lockdown),
      ),
  };
}

async function generate(deps: Deps, order: CloudOrder, signal: AbortSignal): Promise<Generation> {
  const { conversation, key, reason } = order;
  const ref = { conversation, key };
  const [{ record, state, request, departure, context }] = await Promise.all([
    prepare(deps, ref),
    refuseWhenLocked(deps.lockdown),
  ]);
  refuseUnlessAllowed(deps, order, { record, state, departure });
  await deps.tokens.append(ref, { type: 'attempt-start', attempt: attemptOf(order) });
  const startedAt = deps.now();
  const onCall = (model: string) => auditCall(deps, order, { request, departure: { ...departure, model } });
  const answer = recited(deps.cloud.chat(request, signal, onCall), departure.model);
  const { usage } = await streamReply(deps, ref, { events: answer.events(), signal });
  const notices = [...standInNotice(order, departure), ...answer.notices()];
  return {
    model: answer.model(),
    route: 'cloud',
    routeReason: reason,
    ...(notices.length > 0 && { notice: notices.join(' ') }),
    usage,
    context,
    modelMs: Math.max(0, Math.round(deps.now() - startedAt)),
  };
}

type Situation = { readonly record: MessageRecord; readonly state: CloudState };

async function prepare(deps: Deps, ref: MessageRef): Promise<CloudParts & Situation> {
  const [record, state] = await Promise.all([recordOf(deps, ref), deps.cloud.state()]);
  const model = state.kind === 'not-configured' ? 'none' : state.model;
  return { record, state, ...(await buildCloudRequest(deps, record, model)) };
}

type Leaving = Pick<CloudParts, 'departure'> & Situation;

/** The last look before anything leaves: the settings may have changed since it was decided, and what would leave, too. */
function refuseUnlessAllowed({ settings }: Deps, { leave }: CloudOrder, { record, state, departure }: Leaving): void {
  const { fallback } = settings.cloud;
  const bar = cloudBar({ ...wishOf(record), fallback }) ?? cloudObstacle(state);
  if (bar !== undefined) throw new TalosError(bar.code, bar.message, { details: { final: true } });
  if (fallback !== 'ask' || leave?.binding === departure.binding) return;
  throw new TalosError(
    'APPROVAL_REFUSED',
    'What would leave this machine is not what you gave leave for, so nothing was sent; send the message again.',
  );
}

/** Rejects when it cannot be recorded, and then nothing is sent. */
async function auditCall(
  { audit, hashText }: Deps,
  { reason, leave, ...ref }: CloudOrder,
  { request, departure }: Pick<CloudParts, 'request' | 'departure'>,
): Promise<void> {
  const { host, model, bytes, kinds } = departure;
  await audit.append({
    type: 'cloud-called',
    actor: 'talos',
    subject: messageId(ref),
    details: {
      host,
      model,
      bytes,
      kinds: kinds.join(' '),
      reason,
      attempt: activityInfo().attempt,
      promptHash: hashText(JSON.stringify(request.messages)),
      ...(leave && { approval: leave.approval }),
    },
  });
}

/** Readers forget what a local model that broke off had said. */
function attemptOf({ reason }: CloudOrder): number {
  const { attempt } = activityInfo();
  return reason === 'asked-cloud' ? attempt : attempt + 1;
}

function standInNotice({ reason }: CloudOrder, departure: CloudParts['departure']): string[] {
  if (reason === 'asked-cloud') return [];
  const why = reason === 'owner-allowed' ? 'for you allowed it' : 'because the local model could not be reached';
  return [`Gemini answered ${why}; what left: ${describeDeparture(departure)}.`];
}

/** The events of a cloud as those of any model, with what is told beside them. */
function recited(cloud: AsyncIterable<CloudEvent>, expected: string) {
  let model = expected;
  let isCut = false;
  return {
    model: () => model,
    notices: () => (isCut ? ['The answer ends early, for the Gemini tokens of today are used up.'] : []),
    async *events(): AsyncGenerator<ModelEvent, void> {
      for await (const event of cloud) {
        // Whoever reads stops at the finish, so that is looked at before it is handed on.
        if (event.type === 'finish') isCut = event.isCutByBudget === true;
        if (event.type === 'start') model = event.model;
        else yield event;
      }
      throw new TalosError('CLOUD_UNAVAILABLE', 'Gemini stopped in the middle of its answer; send the message again.');
    },
  };
}
