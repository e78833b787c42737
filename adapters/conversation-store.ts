import { z } from 'zod';

import { MessageKey, type MessageOutcome, type MessageRef, type StreamEvent } from '../domain/chat.ts';
import type { Acceptance, ConversationStore, NewMessage } from '../domain/ports.ts';
import {
  conversationTitle,
  KeyedRecords,
  RecordFields,
  SummaryRows,
  splitOutcome,
  toMessageRecord,
  toMessageRecords,
  toSummary,
  writeOptions,
} from './conversation-record.ts';
import {
  acceptScript,
  conversationScript,
  conversationsScript,
  recentScript,
  recordFields,
  saveDraftScript,
  settleScript,
} from './lua/conversation.ts';
import type { RedisConnections } from './redis.ts';
import { finishedStreamSeconds } from './token-stream.ts';
import { longestPauseSeconds } from './tool-rounds.ts';

/** After the end of a message its memories are needed once more: to count their use. */
const finishedContextSeconds = 3600;

const after = MessageKey.nullable().transform((key) => (key === null ? {} : { after: key }));
const AcceptReply = z.union([
  z.tuple([z.literal('conflict')]),
  z.tuple([z.literal('accepted'), after, z.int()]),
  z.tuple([z.literal('existing'), after, RecordFields]),
]);

/** Conversations in Redis. Every method is one round trip. */
export function createConversationStore(redis: RedisConnections): ConversationStore {
  const { keys } = redis;
  return {
    ping: (signal) => redis.ping(signal),
    accept: (message) => accept(redis, message),
    settle: (ref, outcome, finishedAt) => settle(redis, { ref, outcome, finishedAt }),

    async message(ref) {
      const fields = RecordFields.parse(await redis.call((c) => c.hmget(keys.message(ref), ...recordFields)));
      return fields[0] === null ? undefined : toMessageRecord(ref, fields);
    },

    async saveContext(ref, context) {
      await redis.call((c) => c.set(keys.context(ref), context, 'EX', longestPauseSeconds));
    },

    async context(ref) {
      return (await redis.call((c) => c.get(keys.context(ref)))) ?? undefined;
    },

    async saveDraft(ref, draft) {
      await redis.run(saveDraftScript, { keys: [keys.message(ref)], args: [draft] });
    },

    async recent(conversation, { seq, limit }) {
      if (limit <= 0) return [];
      const prefix = keys.message({ conversation, key: '' });
      const input = { keys: [keys.answered(conversation)], args: [seq, limit, prefix] };
      const newestFirst = KeyedRecords.parse(await redis.run(recentScript, input));
      return toMessageRecords(conversation, newestFirst.reverse());
    },

    async conversations({ limit, offset }) {
      if (limit <= 0) return [];
      const args = [
        offset,
        offset + limit - 1,
        keys.conversation(''),
        keys.messages('').slice(keys.conversation('').length),
      ];
      const rows = SummaryRows.parse(await redis.run(conversationsScript, { keys: [keys.conversations], args }));
      return rows.map(toSummary);
    },

    async conversation(id, { limit, offset }) {
      // An empty page still tells whether the conversation is known.
      const range = limit <= 0 ? [1, 0] : [offset, offset + limit - 1];
      const args = [...range, keys.message({ conversation: id, key: '' })];
      const reply = await redis.run(conversationScript, { keys: [keys.messages(id)], args });
      return reply === null ? undefined : toMessageRecords(id, KeyedRecords.parse(reply));
    },
  };
}

async function accept({ keys, run }: RedisConnections, message: NewMessage): Promise<Acceptance> {
  const { conversation: id, key, text, options, createdAt } = message;
  const reply = AcceptReply.parse(
    await run(acceptScript, {
      keys: [keys.message(message), keys.messages(id), keys.pending(id), keys.conversation(id), keys.conversations],
      args: [key, text, createdAt, conversationTitle(text), id, writeOptions(options)],
    }),
  );
  switch (reply[0]) {
    case 'conflict':
      return { kind: 'conflict' };
    case 'accepted':
      return { kind: 'accepted', seq: reply[2], ...reply[1] };
    case 'existing':
      return { kind: 'existing', record: toMessageRecord(message, reply[2]), ...reply[1] };
  }
}

type Settling = { readonly ref: MessageRef; readonly outcome: MessageOutcome; readonly finishedAt: number };

async function settle({ keys, run }: RedisConnections, { ref, outcome, finishedAt }: Settling): Promise<boolean> {
  const { conversation: id, key } = ref;
  const { state, reply, rest } = splitOutcome(outcome);
  const done: StreamEvent = { type: 'done', state, ...(rest.error && { code: rest.error.code }) };
  const settled = await run(settleScript, {
    keys: [
      keys.message(ref),
      keys.pending(id),
      keys.answered(id),
      keys.conversation(id),
      keys.conversations,
      keys.tokens(ref),
      keys.wakeUps,
      keys.context(ref),
    ],
    args: [
      state,
      finishedAt,
      JSON.stringify(rest),
      reply === undefined ? '0' : '1',
      reply ?? '',
      JSON.stringify(done),
      key,
      id,
      finishedStreamSeconds,
      finishedContextSeconds,
    ],
  });
  return settled === 1;
}
