import {
  type ConversationId,
  type ConversationSummary,
  type MessageKey,
  messageId,
  MessageOptions,
  type MessageOutcome,
  type MessageRecord,
  type MessageRef,
} from '../../domain/chat.ts';
import type { Acceptance, ConversationStore, NewMessage, TokenStream } from '../../domain/ports.ts';
import { conversationTitle, splitOutcome, writeOptions } from '../conversation-record.ts';
import { createMemoryTokenStream, type MemoryTokenStream } from './token-stream.ts';

/** A record with what is kept beside it. */
type Kept = { record: MessageRecord; draft?: string };
type Conversation = { readonly summary: Omit<ConversationSummary, 'messages'>; readonly keys: MessageKey[] };
type State = {
  readonly tokens: MemoryTokenStream;
  readonly messages: Map<string, Kept>;
  readonly conversations: Map<ConversationId, Conversation>;
};

/** Conversations and their live events in memory; the two belong together because settling a message ends its stream. */
export function createMemoryChat(): { conversations: ConversationStore; tokens: TokenStream } {
  const tokens = createMemoryTokenStream();
  const state: State = { tokens, messages: new Map(), conversations: new Map() };
  return { conversations: conversationStore(state), tokens };
}

function conversationStore(state: State): ConversationStore {
  const contexts = new Map<string, string>();
  const pending = (ref: MessageRef) => {
    const kept = state.messages.get(messageId(ref));
    return kept?.record.state === 'pending' ? kept : undefined;
  };
  return {
    async ping() {},
    accept: async (message) => accept(state, message),
    message: async (ref) => state.messages.get(messageId(ref))?.record,
    saveContext: async (ref, context) => void contexts.set(messageId(ref), context),
    context: async (ref) => contexts.get(messageId(ref)),

    async saveDraft(ref, draft) {
      const kept = pending(ref);
      if (kept !== undefined) kept.draft = draft;
    },

    async settle(ref, outcome, finishedAt) {
      const kept = pending(ref);
      if (kept === undefined) return false;
      settle(state, kept, { outcome, finishedAt });
      return true;
    },

    async recent(conversation, { seq, limit }) {
      const answered = records(state, conversation).filter((one) => one.state === 'answered' && one.seq < seq);
      return limit <= 0 ? [] : answered.slice(-limit);
    },

    async conversations({ limit, offset }) {
      return [...state.conversations.values()]
        .map(({ summary, keys }) => ({ ...summary, messages: keys.length }))
        .sort((a, b) => b.updatedAt - a.updatedAt)
        .slice(offset, offset + Math.max(0, limit));
    },

    async conversation(id, { limit, offset }) {
      if (!state.conversations.has(id)) return undefined;
      return records(state, id).slice(offset, offset + Math.max(0, limit));
    },
  };
}

function accept(state: State, message: NewMessage): Acceptance {
  const { conversation: id, key, text, options, createdAt } = message;
  const asked = writeOptions(options);
  const known = state.messages.get(messageId(message))?.record;
  if (known !== undefined && (known.text !== text || writeOptions(known.options) !== asked)) {
    return { kind: 'conflict' };
  }
  if (known !== undefined) {
    return { kind: 'existing', record: known, ...(known.state === 'pending' && predecessor(state, id, known.seq)) };
  }
  const conversation = state.conversations.get(id) ?? {
    summary: { id, title: conversationTitle(text), createdAt, updatedAt: createdAt },
    keys: [],
  };
  const before = predecessor(state, id, Infinity);
  conversation.keys.push(key);
  const seq = conversation.keys.length;
  const fresh = { conversation: id, key, seq, text, state: 'pending', createdAt } as const;
  state.messages.set(messageId(message), {
    record: {
      ...fresh,
      ...(asked !== '' && { options: MessageOptions.parse(options) }),
    },
  });
  state.conversations.set(id, touched(conversation, createdAt));
  return { kind: 'accepted', seq, ...before };
}

type Settling = { readonly outcome: MessageOutcome; readonly finishedAt: number };

function settle(state: State, kept: Kept, { outcome, finishedAt }: Settling): void {
  const { state: ending, reply = kept.draft, rest } = splitOutcome(outcome);
  const { record } = kept;
  kept.record = { ...record, ...rest, state: ending, finishedAt, ...(reply !== undefined && { reply }) };
  delete kept.draft;
  const conversation = state.conversations.get(record.conversation);
  if (conversation !== undefined) state.conversations.set(record.conversation, touched(conversation, finishedAt));
  state.tokens.finish(record, { type: 'done', state: ending, ...(rest.error && { code: rest.error.code }) });
}

function touched({ summary, keys }: Conversation, at: number): Conversation {
  return { summary: { ...summary, updatedAt: Math.max(summary.updatedAt, at) }, keys };
}

/** The newest message before `seq` that is still pending. */
function predecessor(state: State, id: ConversationId, seq: number): { after?: MessageKey } {
  const before = records(state, id).findLast((one) => one.state === 'pending' && one.seq < seq);
  return before === undefined ? {} : { after: before.key };
}

function records({ conversations, messages }: State, id: ConversationId): MessageRecord[] {
  const keys = conversations.get(id)?.keys ?? [];
  return keys.flatMap((key) => messages.get(messageId({ conversation: id, key }))?.record ?? []);
}
