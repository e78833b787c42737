import { z } from 'zod';

const Json = z.record(z.string(), z.unknown());

/** A message as chat templates take it. */
export const TemplateMessage = z.strictObject({
  role: z.enum(['system', 'user', 'assistant', 'tool']),
  content: z.string(),
  name: z.string().optional(),
  tool_calls: z
    .array(
      z.strictObject({
        id: z.string(),
        type: z.literal('function'),
        function: z.strictObject({ name: z.string(), arguments: Json }),
      }),
    )
    .optional(),
});
export type TemplateMessage = z.infer<typeof TemplateMessage>;

/** What the child is asked for. Several may be under way; it works on one at a time. */
export const ChildRequest = z.discriminatedUnion('type', [
  z.strictObject({ id: z.int(), type: z.literal('load'), onCpu: z.boolean() }),
  z.strictObject({
    id: z.int(),
    type: z.literal('chat'),
    messages: z.array(TemplateMessage),
    tools: z.array(Json),
    format: Json.optional(),
    contextTokens: z.int().positive(),
    maxOutputTokens: z.int().positive(),
    temperature: z.number().nonnegative(),
    think: z.boolean(),
    onCpu: z.boolean(),
  }),
  z.strictObject({ id: z.int(), type: z.literal('embed'), texts: z.array(z.string()) }),
  z.strictObject({ id: z.int(), type: z.literal('abort') }),
]);
export type ChildRequest = z.infer<typeof ChildRequest>;
export type ChatOrder = Extract<ChildRequest, { type: 'chat' }>;

/** Why the child could not do it. */
export const ChildFailure = z.enum(['context-overflow', 'no-memory', 'not-a-model', 'refused', 'broken', 'aborted']);
export type ChildFailure = z.infer<typeof ChildFailure>;

/** What the child says; `finish`, `vectors`, `loaded` and `failed` are the last word on a request. */
export const ChildReply = z.discriminatedUnion('type', [
  z.strictObject({ id: z.int(), type: z.literal('working') }),
  z.strictObject({ id: z.int(), type: z.literal('text'), text: z.string() }),
  z.strictObject({
    id: z.int(),
    type: z.literal('finish'),
    reason: z.enum(['stop', 'length']),
    promptTokens: z.int().nonnegative(),
    outputTokens: z.int().nonnegative(),
  }),
  z.strictObject({ id: z.int(), type: z.literal('vectors'), vectors: z.array(z.array(z.number())) }),
  z.strictObject({ id: z.int(), type: z.literal('loaded'), tools: z.boolean(), thinking: z.boolean() }),
  z.strictObject({ id: z.int(), type: z.literal('failed'), failure: ChildFailure, text: z.string().max(600) }),
]);
export type ChildReply = z.infer<typeof ChildReply>;

/** A reply before the child puts its request's number on it. */
export type ChildWord = ChildReply extends infer Reply ? (Reply extends ChildReply ? Omit<Reply, 'id'> : never) : never;
