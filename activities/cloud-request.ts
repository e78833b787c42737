import type { MessageRecord } from '../domain/chat.ts';
import type { CloudModel, CloudRequest } from '../domain/cloud/ports.ts';
import type { ModelMessage } from '../domain/models/model.ts';
import type { ConversationStore, TextHasher } from '../domain/ports.ts';
import { assemblePrompt, contextUse, type PromptReport } from '../domain/prompt/assemble.ts';
import { estimateTokens } from '../domain/prompt/tokens.ts';
import { parseContext } from '../domain/retrieval/context.ts';
import type { ContentKind, Departure } from '../domain/routing/departure.ts';
import type { ContextUse } from '../domain/routing/route.ts';
import type { ModelSettings } from './model-settings.ts';
import { recentMessages } from './reply-request.ts';

type Deps = {
  readonly conversations: ConversationStore;
  readonly cloud: CloudModel;
  readonly hashText: TextHasher;
  readonly settings: ModelSettings;
  newMarker(): string;
};

/** What would go to the cloud, what that is, and what fills the prompt. */
export type CloudParts = {
  readonly request: CloudRequest;
  readonly departure: Departure;
  readonly context: ContextUse;
};

/** The prompt of a message for the cloud: no skills, no pictures, and memories only where the owner shares them. Sends nothing. */
export async function buildCloudRequest(deps: Deps, record: MessageRecord, model: string): Promise<CloudParts> {
  const { systemPrompt, contextTokens, maxOutputTokens, temperature, think, cloud } = deps.settings;
  const [memories, recent] = await Promise.all([
    cloud.shareMemory ? deps.conversations.context(record) : undefined,
    deps.conversations.recent(record.conversation, { seq: record.seq, limit: recentMessages }),
  ]);
  const marker = deps.newMarker();
  // Earlier messages take no more than they would here, for each costs tokens; the message itself always fits.
  const window = contextTokens + estimateTokens(record.text);
  const { messages, report } = assemblePrompt({
    system: systemPrompt,
    memories: memories === undefined ? [] : parseContext(memories),
    recent: recent.filter(mayLeave),
    message: record.text,
    limits: { contextTokens: window, maxOutputTokens },
    marker,
  });
  const text = JSON.stringify(messages);
  return {
    request: { messages, maxOutputTokens: cloud.maxOutputTokens, temperature, think },
    departure: {
      host: deps.cloud.host,
      model,
      kinds: kindsOf(report),
      bytes: new TextEncoder().encode(text).length,
      earlier: answersIn(messages),
      binding: deps.hashText(`${deps.cloud.host} ${text.replaceAll(marker, '')}`),
    },
    context: contextUse(report, window),
  };
}

/** What was to be answered here alone, showed a picture or used a skill stays here, also as part of a conversation. */
function mayLeave({ options, steps = [] }: MessageRecord): boolean {
  return options?.route !== 'local' && options?.images === undefined && steps.length === 0;
}

function kindsOf({ memoryTokens, recentTokens }: PromptReport): ContentKind[] {
  const isIn: Record<ContentKind, boolean> = {
    'system-prompt': true,
    memory: memoryTokens > 0,
    history: recentTokens > 0,
    message: true,
  };
  return (['system-prompt', 'memory', 'history', 'message'] as const).filter((kind) => isIn[kind]);
}

function answersIn(messages: readonly ModelMessage[]): number {
  return messages.filter(({ role }) => role === 'assistant').length;
}
