import { z } from 'zod';

import { AwaitedCloud, ContentKind } from './routing/departure.ts';
import { ContextUse, Route, RouteReason } from './routing/route.ts';
import { SkillId } from './skills/manifest.ts';
import { AwaitedCall, CallId, SkillStep, StepVerdict } from './skills/steps.ts';

const identifier = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'use 1 to 64 letters, digits, "-" or "_"');

/** Names one conversation; letters, digits, "-" and "_". */
export const ConversationId = identifier.meta({ id: 'ConversationId', example: 'kitchen' });
export type ConversationId = z.infer<typeof ConversationId>;

/** The caller's idempotency key: the same key in the same conversation is the same message. */
export const MessageKey = identifier.meta({ id: 'MessageKey', example: '0b8e0a2e-7a53-4c8f-9f0b-3b1c1a0d2f11' });
export type MessageKey = z.infer<typeof MessageKey>;

/** Where one message is found: `<conversation>.<key>`. It is also the correlation id of every log line and audit entry. */
export const MessageId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}\.[A-Za-z0-9_-]{1,64}$/, 'a message id is <conversation>.<key>')
  .meta({ id: 'MessageId', example: 'kitchen.0b8e0a2e-7a53-4c8f-9f0b-3b1c1a0d2f11' });
export type MessageId = z.infer<typeof MessageId>;

/** The two parts that name a message. */
export type MessageRef = { readonly conversation: ConversationId; readonly key: MessageKey };

/** Joins the parts of a message id; neither part can hold the dot. */
export function messageId(ref: MessageRef): MessageId {
  return `${ref.conversation}.${ref.key}`;
}

/** Splits a valid message id into its parts. */
export function parseMessageId(id: MessageId): MessageRef {
  const dot = id.indexOf('.');
  return { conversation: id.slice(0, dot), key: id.slice(dot + 1) };
}

/** Text a person typed: not empty, well-formed UTF-16, no NUL. Its length is the firewall's matter. */
const MessageText = z
  .string()
  .min(1, 'the message is empty')
  .refine((text) => text.isWellFormed(), 'the text holds a lone surrogate, which is no character')
  .refine((text) => !text.includes('\u0000'), 'the text holds a NUL character');

/** A picture of a message: the SHA-256 of its bytes, under which they are kept. */
export const ImageRef = z
  .strictObject({
    hash: z.string().regex(/^[0-9a-f]{64}$/),
    type: z.enum(['image/png', 'image/jpeg', 'image/webp']),
    bytes: z.int().positive(),
  })
  .meta({ id: 'ImageRef' });
export type ImageRef = z.infer<typeof ImageRef>;

/** Most pictures a message may show. */
export const mostImages = 4;

/** What a message asks for beside its text. */
export const MessageOptions = z
  .strictObject({
    route: Route.optional().meta({ description: 'Where it must be answered; left out, Talos decides' }),
    images: z.array(ImageRef).min(1).max(mostImages).optional(),
  })
  .meta({ id: 'MessageOptions' });
export type MessageOptions = z.infer<typeof MessageOptions>;

/** Body of `POST /chat`. */
export const ChatRequest = z
  .strictObject({
    message: MessageText.meta({ description: 'What you want to say', example: 'hello' }),
    route: Route.optional().meta({
      description: 'Where it must be answered: never elsewhere. Left out, Talos decides, local first',
    }),
    images: z
      .array(z.string())
      .min(1)
      .max(mostImages)
      .optional()
      .meta({ description: 'PNG, JPEG or WebP as base64 or data: URL, at most 10 MB each' }),
    conversation: ConversationId.optional().meta({
      description: 'Continue this conversation; a new one when left out',
    }),
  })
  .meta({ id: 'ChatRequest' });
export type ChatRequest = z.infer<typeof ChatRequest>;

/** pending: accepted, not finished. The other four are final and never change again. */
export const MessageState = z
  .enum(['pending', 'answered', 'blocked', 'failed', 'stopped'])
  .meta({ id: 'MessageState' });
export type MessageState = z.infer<typeof MessageState>;

/** What memory did for an answer; `unavailable` means the answer was made without it. */
export const MemoryUse = z
  .strictObject({ state: z.enum(['used', 'empty', 'unavailable']), count: z.int().nonnegative() })
  .meta({ id: 'MemoryUse' });
export type MemoryUse = z.infer<typeof MemoryUse>;

/** Tokens as the model counted them. */
export const TokenUsage = z
  .strictObject({ promptTokens: z.int().nonnegative(), outputTokens: z.int().nonnegative() })
  .meta({ id: 'TokenUsage' });
export type TokenUsage = z.infer<typeof TokenUsage>;

/** What is known of an answer beside its text. */
const answerFacts = {
  model: z.string().optional(),
  route: Route.optional(),
  routeReason: RouteReason.optional(),
  notice: z
    .string()
    .optional()
    .meta({ description: 'Something the reader must know, such as that the built-in test model answered' }),
  usage: TokenUsage.optional(),
  context: ContextUse.optional(),
  modelMs: z
    .int()
    .nonnegative()
    .optional()
    .meta({ description: 'How long the model itself took, in milliseconds, over all its rounds' }),
  memory: MemoryUse.optional(),
  steps: z.array(SkillStep).optional().meta({ description: 'The skills that were used, in order' }),
  error: z.strictObject({ code: z.string(), message: z.string() }).optional(),
};

/** How a message ended. `reply` of a stopped or failed message is the partial text that had come until then. */
export const MessageOutcome = z
  .strictObject({
    state: MessageState.exclude(['pending']),
    reply: z.string().optional(),
    ...answerFacts,
  })
  .meta({ id: 'MessageOutcome' });
export type MessageOutcome = z.infer<typeof MessageOutcome>;

/** One message of a conversation with its answer, as stored. Times are milliseconds since 1970. */
export const MessageRecord = z
  .strictObject({
    conversation: ConversationId,
    key: MessageKey,
    seq: z.int().positive().meta({ description: 'Place in the conversation, from 1' }),
    text: z.string(),
    options: MessageOptions.optional(),
    state: MessageState,
    createdAt: z.int(),
    finishedAt: z.int().optional(),
    reply: z.string().optional(),
    ...answerFacts,
  })
  .meta({ id: 'MessageRecord' });
export type MessageRecord = z.infer<typeof MessageRecord>;

/** A conversation in a list. */
export const ConversationSummary = z
  .strictObject({
    id: ConversationId,
    title: z.string().meta({ description: 'The first 80 characters of its first message' }),
    messages: z.int().nonnegative(),
    createdAt: z.int(),
    updatedAt: z.int(),
  })
  .meta({ id: 'ConversationSummary' });
export type ConversationSummary = z.infer<typeof ConversationSummary>;

/** Body of a finished `POST /chat` and of `GET /chat/{id}`. */
export const ChatReply = z
  .strictObject({
    id: MessageId,
    conversation: ConversationId,
    state: MessageState,
    response: z
      .string()
      .nullable()
      .meta({ description: 'The answer; null while pending; the partial text when stopped or failed' }),
    blocked: z.boolean(),
    ...answerFacts,
    awaiting: z.array(AwaitedCall).optional().meta({ description: 'Calls of skills that wait for the owner' }),
    awaitingCloud: AwaitedCloud.optional().meta({
      description: 'Given while the owner is asked whether this message may go to a cloud',
    }),
    durationMs: z.int().nonnegative().optional(),
  })
  .meta({ id: 'ChatReply' });
export type ChatReply = z.infer<typeof ChatReply>;

/**
 * What a client sees while an answer is made. `attempt-start` with `attempt` > 1 means: forget the text so far, it is written anew.
 * `tool-start` and `tool-end` frame the run of a skill; `awaiting-approval` and `awaiting-cloud` mean that the owner is asked first.
 * `done` is always the last event; the record then holds the whole answer, and the API adds it as `reply`.
 */
export const StreamEvent = z
  .discriminatedUnion('type', [
    z.strictObject({ type: z.literal('attempt-start'), attempt: z.int().positive() }),
    z.strictObject({ type: z.literal('reasoning-delta'), text: z.string() }),
    z.strictObject({ type: z.literal('text-delta'), text: z.string() }),
    z.strictObject({ type: z.literal('tool-start'), id: CallId, skill: SkillId }),
    z.strictObject({
      type: z.literal('tool-end'),
      id: CallId,
      skill: SkillId,
      verdict: StepVerdict,
      ms: z.number().nonnegative(),
    }),
    z.strictObject({
      type: z.literal('awaiting-approval'),
      id: CallId,
      skill: SkillId,
      asksFor: z.array(z.string()),
      until: z.int(),
    }),
    z.strictObject({
      type: z.literal('awaiting-cloud'),
      host: z.string(),
      kinds: z.array(ContentKind),
      bytes: z.int().nonnegative(),
      until: z.int(),
    }),
    z.strictObject({
      type: z.literal('done'),
      state: MessageState.exclude(['pending']),
      code: z.string().optional(),
      reply: ChatReply.optional(),
    }),
  ])
  .meta({ id: 'StreamEvent' });
export type StreamEvent = z.infer<typeof StreamEvent>;

/** What of a message waits for the owner: calls of skills, or the message itself for leave to go to a cloud. */
export type Awaited = { readonly calls: readonly AwaitedCall[]; readonly cloud?: AwaitedCloud | undefined };

/** Shapes a stored message for a client, with what of it waits for the owner. */
export function toChatReply(record: MessageRecord, { calls, cloud }: Awaited = { calls: [] }): ChatReply {
  const {
    conversation,
    key,
    seq: _seq,
    text: _text,
    options: _options,
    createdAt,
    finishedAt,
    reply,
    ...shared
  } = record;
  return {
    ...shared,
    id: messageId({ conversation, key }),
    conversation,
    response: reply ?? null,
    blocked: record.state === 'blocked',
    ...(calls.length > 0 && { awaiting: [...calls] }),
    ...(cloud && { awaitingCloud: cloud }),
    ...(finishedAt === undefined ? {} : { durationMs: Math.max(0, finishedAt - createdAt) }),
  };
}
