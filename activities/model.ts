import { activityInfo } from '@temporalio/activity';

import { messageId, type MessageRecord, type MessageRef } from '../domain/chat.ts';
import { TalosError } from '../domain/errors.ts';
import type { ModelRequest } from '../domain/models/model.ts';
import type { ImageStore } from '../domain/images/ports.ts';
import type { ConversationStore, LanguageModel, TestModels, TextHasher, TokenStream } from '../domain/ports.ts';
import { estimateTokens } from '../domain/prompt/tokens.ts';
import type { Generation } from '../domain/settlement.ts';
import { refuseWhenLocked } from '../domain/lockdown/refuse.ts';
import { chooseTools, type OfferedSkill } from '../domain/skills/offer.ts';
import { mayCall, type ToolRound } from '../domain/skills/tool-rounds.ts';
import { withHeartbeat } from './heartbeat.ts';
import type { ModelSettings } from './model-settings.ts';
import type { Patience } from './patience.ts';
import { chooseModel } from './choose-model.ts';
import { chooseSight, showImages } from './sight.ts';
import { buildRequest } from './reply-request.ts';
import { streamReply } from './reply-stream.ts';
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
  hashText: TextHasher;
  patience: Patience;
  newMarker(): string;
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
      deps.patience.keep(() =>
        withHeartbeat(
          (signal) => generate(deps, order, signal),
          () => refuseWhenLocked(deps.lockdown),
        ),
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
  const facts = { model, route: 'local', ...(notice !== undefined && { notice }) } as const;
  const asked = rounds[place];
  // An attempt that was lost after the model had spoken: what it asked for stands.
  if (asked !== undefined) return { ...facts, usage: noUsage, calls: await planRound(deps, ref, asked) };
  const tools = canCall && mayCall(rounds) ? await chooseSkills(deps, active, record) : [];
  const request = await buildRequest(deps, { record, model, tools, rounds });
  await Promise.all([auditCall(deps, ref, request), announce(deps, ref, rounds)]);
  const { usage, ...said } = await streamReply(deps, ref, { request: showImages(request, images), signal });
  const notices = [notice, said.notice].filter((one) => one !== undefined);
  const told = { ...facts, usage, ...(notices.length > 0 && { notice: notices.join(' ') }) };
  if (said.calls.length === 0) return told;
  const planned = await planRound(deps, ref, await askRound(deps, { ref, place, tools }, said));
  return { ...told, calls: planned };
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
  const ranked = await deps.skillTools.ranked(active, record);
  return chooseTools(ranked, { systemTokens: estimateTokens(systemPrompt), contextTokens });
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
