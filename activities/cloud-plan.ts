import { messageId, type MessageRecord, type MessageRef } from '../domain/chat.ts';
import type { CloudModel } from '../domain/cloud/ports.ts';
import { TalosError } from '../domain/errors.ts';
import { chooseChatModel, testModels } from '../domain/models/choose.ts';
import type { ConversationStore, LanguageModel } from '../domain/ports.ts';
import { decideRoute, type LocalFailure, type RouteWish, type RoutingDecision } from '../domain/routing/decide.ts';
import type { CloudPlan, CloudWish } from '../domain/settlement.ts';
import type { ModelSettings } from './model-settings.ts';

type Deps = {
  readonly conversations: ConversationStore;
  readonly cloud: CloudModel;
  readonly model: LanguageModel;
  readonly settings: ModelSettings & { readonly consentSeconds: number };
};

/** Decides whether a message goes to the cloud. */
export async function planCloud(deps: Deps, { failure, ...ref }: CloudWish): Promise<CloudPlan> {
  const decision = await decide(deps, await recordOf(deps, ref), failure);
  switch (decision.kind) {
    case 'refuse':
      return decision;
    case 'ask':
      return { ...decision, consentSeconds: deps.settings.consentSeconds };
    case 'go': {
      if (decision.route === 'cloud') return { kind: 'go', reason: decision.reason };
      throw new TalosError('INTERNAL', `Message ${messageId(ref)} was to be answered here and needs no cloud.`);
    }
  }
}

/** Whether the cloud would answer at once what the local engine fails at; then nobody has to wait long for that engine. */
export async function isStandInReady(deps: Deps, ref: MessageRef, error: TalosError): Promise<boolean> {
  if (deps.settings.cloud.fallback !== 'auto') return false;
  const { reason } = error.details;
  const failure = { code: error.code, message: error.message, ...(typeof reason === 'string' && { reason }) };
  const decision = await decide(deps, await recordOf(deps, ref), failure);
  return decision.kind === 'go' && decision.route === 'cloud';
}

/** The record of a message; fails with NOT_FOUND. */
export async function recordOf({ conversations }: Pick<Deps, 'conversations'>, ref: MessageRef) {
  const record = await conversations.message(ref);
  if (record !== undefined) return record;
  throw new TalosError('NOT_FOUND', `The text of message ${messageId(ref)} is not in the store; send it again.`);
}

/** What a message asks for, as far as its route goes. */
export function wishOf({ options }: MessageRecord): RouteWish {
  return { wanted: options?.route, hasImages: options?.images !== undefined };
}

async function decide(deps: Deps, record: MessageRecord, failure: LocalFailure | undefined): Promise<RoutingDecision> {
  // Whoever deletes a model in the middle of an answer has not taken the built-in one away, which answers the next message.
  if (failure?.code === 'MODEL_MISSING' && (await canTestModelAnswer(deps))) return { kind: 'refuse', ...failure };
  const { fallback } = deps.settings.cloud;
  return decideRoute({ ...wishOf(record), cloud: await deps.cloud.state(), fallback, failure });
}

async function canTestModelAnswer({ model }: Deps): Promise<boolean> {
  try {
    return chooseChatModel(await model.installed(), testModels.chat).kind === 'test';
  } catch (thrown) {
    if (thrown instanceof TalosError) return false; // a server that cannot be asked has no model that answers
    throw thrown;
  }
}
