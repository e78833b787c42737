import { z } from 'zod';

import {
  type ConversationId,
  ConversationSummary,
  MessageKey,
  messageId,
  MessageOptions,
  MessageOutcome,
  MessageRecord,
  type MessageRef,
} from '../domain/chat.ts';
import { TalosError } from '../domain/errors.ts';

const field = z.string().nullable();

/** The values of `recordFields` of one message hash. */
export const RecordFields = z.tuple([field, field, field, field, field, field, field, field]);
export type RecordFields = z.infer<typeof RecordFields>;

/** Keys with the record fields of their messages. */
export const KeyedRecords = z.array(z.tuple([MessageKey, RecordFields]));

/** Id, title, number of messages, createdAt, updatedAt of each conversation. */
export const SummaryRows = z.array(z.tuple([z.string(), field, z.int(), field, field]));

/** The part of an outcome that is stored as JSON; state and reply have fields of their own. */
export function splitOutcome(outcome: MessageOutcome) {
  const { state, reply, ...rest } = MessageOutcome.parse(outcome);
  return { state, reply, rest };
}

/** The one way the options of a message are written, so that the same ones are the same text; empty where nothing is asked for. */
export function writeOptions(options: MessageOptions = {}): string {
  const text = JSON.stringify(MessageOptions.parse(options)); // parsing puts every key where the schema has it
  return text === '{}' ? '' : text;
}

/** Builds a record from its stored fields; rejects what is no record with INTERNAL. */
export function toMessageRecord(ref: MessageRef, fields: RecordFields): MessageRecord {
  const [seq, text, state, createdAt, finishedAt, reply, outcome, options] = fields;
  const record = MessageRecord.safeParse({
    ...readOutcome(outcome),
    conversation: ref.conversation,
    key: ref.key,
    seq: Number(seq),
    text,
    state,
    createdAt: Number(createdAt),
    ...(finishedAt !== null && { finishedAt: Number(finishedAt) }),
    ...(reply !== null && { reply }),
    ...(options !== null && { options: parseJson(options) ?? null }),
  });
  if (record.success) return record.data;
  throw new TalosError('INTERNAL', `Message ${messageId(ref)} is not stored as Talos writes it; restore a backup.`, {
    cause: record.error,
  });
}

/** Builds the records of one conversation. */
export function toMessageRecords(conversation: ConversationId, keyed: z.infer<typeof KeyedRecords>): MessageRecord[] {
  return keyed.map(([key, fields]) => toMessageRecord({ conversation, key }, fields));
}

/** Builds a summary from its stored row; rejects what is none with INTERNAL. */
export function toSummary([id, title, messages, createdAt, updatedAt]: z.infer<
  typeof SummaryRows
>[number]): ConversationSummary {
  const summary = ConversationSummary.safeParse({
    id,
    title,
    messages,
    createdAt: Number(createdAt),
    updatedAt: Number(updatedAt),
  });
  if (summary.success) return summary.data;
  throw new TalosError('INTERNAL', `Conversation ${id} is not stored as Talos writes it; restore a backup.`, {
    cause: summary.error,
  });
}

/** The first 80 characters of a text, none cut in half. */
export function conversationTitle(text: string): string {
  return Array.from(text.slice(0, 160)).slice(0, 80).join('');
}

function readOutcome(json: string | null): Record<string, unknown> {
  if (json === null) return {};
  const outcome: unknown = parseJson(json);
  return typeof outcome === 'object' && outcome !== null ? { ...outcome } : { outcome };
}

/** Undefined, which no schema of ours takes, for what is no JSON. */
function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined; // the schema that reads it says what is wrong
  }
}
