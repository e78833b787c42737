import { MessageId, type MessageRecord, parseMessageId } from '../domain/chat.ts';
import type { CloudModel, CloudRequest } from '../domain/cloud/ports.ts';
import type { ModelMessage } from '../domain/models/model.ts';
import type { ConversationStore, TextHasher } from '../domain/ports.ts';
import { assemblePrompt, contextUse, type PromptReport } from '../domain/prompt/assemble.ts';
import { estimateTokens } from '../domain/prompt/tokens.ts';
import { type ContextMemory, parseContext } from '../domain/retrieval/context.ts';
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
    cloud.shareMemory ? sharedMemories(deps, record) : [],
    deps.conversations.recent(record.conversation, { seq: record.seq, limit: recentMessages }),
  ]);
  const marker = deps.newMarker();
  // Earlier messages take no more than they would here, for each costs tokens; the message itself always fits.
  const window = contextTokens + estimateTokens(record.text);
  const { messages, report } = assemblePrompt({
    system: systemPrompt,
    memories,
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

/** What is remembered of a message goes where the message itself may, and not without knowing; what skills keep never goes. */
async function sharedMemories({ conversations }: Deps, record: MessageRecord): Promise<ContextMemory[]> {
  const context = await conversations.context(record);
  const memories = context === undefined ? [] : parseContext(context);
  const isShared = async ({ id, collection }: ContextMemory): Promise<boolean> => {
    if (collection === 'knowledge_base') return true;
    if (collection !== 'conversation_history' || !MessageId.safeParse(id).success) return false;
    const remembered = await conversations.message(parseMessageId(id));
    return remembered !== undefined && mayLeave(remembered);
  };
  const shared = await Promise.all(memories.map(isShared));
  return memories.filter((_, index) => shared[index]);
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
