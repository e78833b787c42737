import { activityInfo } from '@temporalio/activity';

import { messageId, type MessageRecord, type MessageRef, type TokenUsage } from '../domain/chat.ts';
import { TalosError } from '../domain/errors.ts';
import { chooseChatModel } from '../domain/models/choose.ts';
import type { ModelEvent, ModelRequest } from '../domain/models/model.ts';
import type {
  AuditLog,
  ConversationStore,
  LanguageModel,
  LockdownStore,
  TestModels,
  TextHasher,
  TokenStream,
} from '../domain/ports.ts';
import { assemblePrompt } from '../domain/prompt/assemble.ts';
import { parseContext } from '../domain/retrieval/context.ts';
import type { Generation } from '../domain/settlement.ts';
import { abortReason, withHeartbeat } from './heartbeat.ts';
import { refuseWhenLocked } from './locked.ts';
import type { Patience } from './patience.ts';
import { createReplyWriter, type ReplyWriter } from './reply-writer.ts';

/** How the local model is asked. */
export type ModelSettings = {
  readonly chatModel: string;
  readonly embeddingModel: string;
  readonly ollamaAddress: string;
  readonly systemPrompt: string;
  readonly contextTokens: number;
  readonly maxOutputTokens: number;
  readonly temperature: number;
  readonly think: boolean;
};

type Deps = {
  conversations: ConversationStore;
  tokens: TokenStream;
  model: LanguageModel;
  testModels: TestModels;
  lockdown: LockdownStore;
  audit: AuditLog;
  hashText: TextHasher;
  patience: Patience;
  now(): number;
  newMarker(): string;
  settings: ModelSettings;
};

/** Earlier messages looked at for a prompt; the budget usually takes fewer. */
const recentMessages = 40;

/** The step that holds the GPU. */
export function createModelActivities(deps: Deps) {
  return {
    /** Streams the model's answer and keeps it as the draft. A new attempt starts the text anew and tells the readers so. */
    generateReply: async (ref: MessageRef): Promise<Generation> =>
      deps.patience.keep(() =>
        withHeartbeat(
          (signal) => generate(deps, ref, signal),
          () => refuseWhenLocked(deps.lockdown),
        ),
      ),
  };
}

async function generate(deps: Deps, ref: MessageRef, signal: AbortSignal): Promise<Generation> {
  const [record, { model, notice }] = await Promise.all([
    deps.conversations.message(ref),
    chooseModel(deps, signal),
    refuseWhenLocked(deps.lockdown),
  ]);
  if (record === undefined) {
    throw new TalosError('NOT_FOUND', `The text of message ${messageId(ref)} is not in the store; send it again.`);
  }
  const request = await buildRequest(deps, record, model);
  await Promise.all([
    auditCall(deps, ref, request),
    deps.tokens.append(ref, { type: 'attempt-start', attempt: activityInfo().attempt }),
  ]);
  const usage = await stream(deps, ref, { request, signal });
  return { model, route: 'local', usage, ...(notice !== undefined && { notice }) };
}

async function chooseModel(deps: Deps, signal: AbortSignal): Promise<{ model: string; notice?: string }> {
  const { chatModel, ollamaAddress } = deps.settings;
  const installed = await deps.model.installed();
  deps.patience.modelSeen();
  const choice = chooseChatModel(installed, chatModel, ollamaAddress);
  if (choice.kind === 'none') await deps.testModels.install(signal);
  return choice;
}

async function buildRequest(deps: Deps, record: MessageRecord, model: string): Promise<ModelRequest> {
  const { systemPrompt, contextTokens, maxOutputTokens, temperature, think } = deps.settings;
  const [context, recent] = await Promise.all([
    deps.conversations.context(record),
    deps.conversations.recent(record.conversation, { seq: record.seq, limit: recentMessages }),
  ]);
  const { messages } = assemblePrompt({
    system: systemPrompt,
    memories: context === undefined ? [] : parseContext(context),
    recent,
    message: record.text,
    limits: { contextTokens, maxOutputTokens },
    marker: deps.newMarker(),
  });
  return { model, messages, contextTokens, maxOutputTokens, temperature, think };
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

async function stream(
  deps: Deps,
  ref: MessageRef,
  { request, signal }: { request: ModelRequest; signal: AbortSignal },
): Promise<TokenUsage> {
  const writer = createReplyWriter(ref, deps);
  try {
    const usage = await pump(deps.model.chat(request, signal), writer);
    await writer.close();
    return usage;
  } catch (thrown) {
    await writer.close().catch(() => undefined); // the first failure is the one that counts
    throw signal.aborted ? abortReason(signal) : thrown;
  }
}

async function pump(events: AsyncIterable<ModelEvent>, writer: ReplyWriter): Promise<TokenUsage> {
  for await (const event of events) {
    if (event.type === 'finish') return { promptTokens: event.promptTokens, outputTokens: event.outputTokens };
    if (event.type !== 'tool-call') writer.write(event);
  }
  throw new TalosError('MODEL_UNAVAILABLE', 'The model stopped in the middle of its answer; it is asked again.');
}
