import { activityInfo } from '@temporalio/activity';

import { messageId, type MessageRecord, type MessageRef } from '../domain/chat.ts';
import type { CloudModel } from '../domain/cloud/ports.ts';
import { TalosError } from '../domain/errors.ts';
import type { ModelRequest } from '../domain/models/model.ts';
import type { ImageStore } from '../domain/images/ports.ts';
import type { ModelPorts } from '../domain/models/store.ts';
import type { ConversationStore, LanguageModel, TestModels, TextHasher, TokenStream } from '../domain/ports.ts';
import { estimateTokens } from '../domain/prompt/tokens.ts';
import type { Generation } from '../domain/settlement.ts';
import { refuseWhenLocked } from '../domain/lockdown/refuse.ts';
import { localReason } from '../domain/routing/decide.ts';
import { chooseTools, type OfferedSkill } from '../domain/skills/offer.ts';
import { mayCall, type ToolRound } from '../domain/skills/tool-rounds.ts';
import { isStandInReady, wishOf } from './cloud-plan.ts';
import { withHeartbeat } from './heartbeat.ts';
import type { ModelSettings } from './model-settings.ts';
import type { Patience } from './patience.ts';
import { chooseModel } from './choose-model.ts';
import { chooseSight, showImages } from './sight.ts';
import { buildRequest, freeTokens } from './reply-request.ts';
import { type Said, streamReply } from './reply-stream.ts';
import { askRound, planRound } from './skill-calls.ts';
import type { SkillDeps } from './skill-parts.ts';
import type { SkillTools } from './skill-tools.ts';

type Deps = SkillDeps & {
  skillTools: SkillTools;
  conversations: ConversationStore;
  tokens: TokenStream;
  model: LanguageModel;
  images: ImageStore;
  testModels: TestModels;
  modelPorts: ModelPorts;
  hashText: TextHasher;
  patience: Patience;
  newMarker(): string;
  cloud: CloudModel;
  now(): number;
  settings: ModelSettings & { readonly consentSeconds: number };
};

/** A message, and how many rounds of skills its answer has had. */
export type ReplyOrder = MessageRef & { readonly round?: number };

/** The step that holds the GPU. */
export function createModelActivities(deps: Deps) {
  return {
    /**
     * Streams the model's answer and keeps it as the draft; or tells which skills it wants to use first. A new attempt starts the text
     * anew and tells the readers so.
     */
    generateReply: async (order: ReplyOrder): Promise<Generation> =>
      deps.patience.keep(
        () =>
          withHeartbeat(
            (signal) => generate(deps, order, signal),
            () => refuseWhenLocked(deps.lockdown),
          ),
        (error) => isStandInReady(deps, order, error),
      ),
  };
}

async function generate(deps: Deps, order: ReplyOrder, signal: AbortSignal): Promise<Generation> {
  const { round: place = 0, ...ref } = order;
  const [record, chosen, active, rounds] = await Promise.all([
    deps.conversations.message(ref),
    chooseModel(deps, signal),
    deps.skillTools.active(),
    roundsOf(deps, ref, place),
    refuseWhenLocked(deps.lockdown),
  ]);
  if (record === undefined) {
    throw new TalosError('NOT_FOUND', `The text of message ${messageId(ref)} is not in the store; send it again.`);
  }
  const { model, notice, images, canCall } = await chooseSight(deps, record, chosen);
  const facts = { model, route: 'local', routeReason: localReason(wishOf(record)), ...noticeOf(notice) } as const;
  const asked = rounds[place];
  // An attempt that was lost after the model had spoken: what it asked for stands.
  if (asked !== undefined) return { ...facts, usage: noUsage, calls: await planRound(deps, ref, asked) };
  const tools = canCall && mayCall(rounds) ? await chooseSkills(deps, active, record) : [];
  const { request, context } = await buildRequest(deps, { record, model, tools, rounds });
  await Promise.all([auditCall(deps, ref, request), announce(deps, ref, rounds)]);
  const startedAt = deps.now();
  const events = deps.model.chat(showImages(request, images), signal);
  const { usage, ...said } = await streamReply(deps, ref, { events, signal });
  const cost = { usage, context, modelMs: Math.max(0, Math.round(deps.now() - startedAt)) };
  const told = { ...facts, ...cost, ...noticeOf(notice, said.notice) };
  if (tools.length === 0) return { ...told, ...noticeOf(notice, said.notice, unanswered(said)) };
  if (said.calls.length === 0) return told;
  const planned = await planRound(deps, ref, await askRound(deps, { ref, place, tools }, said));
  return { ...told, calls: planned };
}

function noticeOf(...notices: readonly (string | undefined)[]): { notice?: string } {
  const given = notices.filter((notice) => notice !== undefined);
  return given.length === 0 ? {} : { notice: given.join(' ') };
}

/** A model that may ask for nothing more and asks all the same leaves an empty answer, which nobody would understand. */
function unanswered({ text, calls }: Pick<Said, 'text' | 'calls'>): string | undefined {
  if (calls.length === 0 || text.trim() !== '') return undefined;
  return 'The model asked for skills again instead of answering; ask in other words, or choose another model.';
}

const noUsage = { promptTokens: 0, outputTokens: 0 };

/** The rounds so far. The first attempt at a message has none, and nobody has to be asked for them. */
async function roundsOf({ skillPorts }: Deps, ref: MessageRef, place: number): Promise<ToolRound[]> {
  const mayHaveAny = place > 0 || activityInfo().attempt > 1;
  return skillPorts === undefined || !mayHaveAny ? [] : skillPorts.toolRounds.list(ref);
}

async function chooseSkills(
  deps: Deps,
  active: readonly OfferedSkill[],
  record: MessageRecord,
): Promise<OfferedSkill[]> {
  if (active.length === 0) return [];
  const { systemPrompt, contextTokens } = deps.settings;
  const room = {
    systemTokens: estimateTokens(systemPrompt),
    contextTokens,
    freeTokens: freeTokens(deps.settings, record),
  };
  return chooseTools(await deps.skillTools.ranked(active, record), room);
}

/** Readers forget what was said before: by an attempt that broke off, or on the way to a call. */
async function announce(deps: Deps, ref: MessageRef, rounds: readonly ToolRound[]): Promise<void> {
  const attempt = activityInfo().attempt + rounds.filter(({ text }) => text !== '').length;
  if (rounds.length === 0 || attempt > 1) await deps.tokens.append(ref, { type: 'attempt-start', attempt });
}

async function auditCall(deps: Deps, ref: MessageRef, request: ModelRequest): Promise<void> {
  await deps.audit.append({
    type: 'model-called',
    actor: 'talos',
    subject: messageId(ref),
    details: {
      model: request.model,
      route: 'local',
      attempt: activityInfo().attempt,
      promptHash: deps.hashText(JSON.stringify(request.messages)),
    },
  });
}
