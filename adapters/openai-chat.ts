import type { ChatCompletionCreateParamsStreaming } from 'openai/resources/chat/completions';
import { z } from 'zod';

import type { ModelEvent, ModelRequest } from '../domain/models/model.ts';
import { createThinkTagSplitter } from './ollama-think-tags.ts';
import { cutOff, type OpenaiCall, unreadable } from './openai-failures.ts';
import { toOpenaiMessages } from './openai-messages.ts';
import { readArguments } from './tool-arguments.ts';

/** How servers are told whether to think; OpenAI's own interface has no field for it. */
type ThinkFields = { chat_template_kwargs?: { enable_thinking: boolean }; reasoning_effort?: 'none' };

/** More calls in one answer than any honest model makes. */
const maxCalls = 64;

const CallDelta = z.object({
  index: z.int().min(0).max(maxCalls).nullish(),
  id: z.string().nullish(),
  function: z.object({ name: z.string().nullish(), arguments: z.string().nullish() }).nullish(),
});

const Delta = z.object({
  content: z.string().nullish(),
  reasoning_content: z.string().nullish(),
  reasoning: z.string().nullish(),
  tool_calls: z.array(CallDelta).nullish(),
});
type Delta = z.infer<typeof Delta>;

/** One event of a streamed answer; only what we use. */
const Chunk = z.object({
  choices: z.array(z.object({ delta: Delta.nullish(), finish_reason: z.string().nullish() })).nullish(),
  usage: z
    .object({ prompt_tokens: z.int().nonnegative().nullish(), completion_tokens: z.int().nonnegative().nullish() })
    .nullish(),
});
type Chunk = z.infer<typeof Chunk>;

/** The body of `POST /chat/completions`. `plain` leaves out what only some servers know. */
export function chatBody(
  request: ModelRequest,
  { plain }: { plain: boolean },
): ChatCompletionCreateParamsStreaming & ThinkFields {
  const thinking: ThinkFields = request.think
    ? { chat_template_kwargs: { enable_thinking: true } }
    : { chat_template_kwargs: { enable_thinking: false }, reasoning_effort: 'none' };
  return {
    model: request.model,
    messages: toOpenaiMessages(request.messages),
    stream: true,
    stream_options: { include_usage: true },
    max_tokens: request.maxOutputTokens,
    temperature: request.temperature,
    ...(!plain && thinking),
    ...(request.format !== undefined && {
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'answer', strict: true, schema: { ...request.format } },
      },
    }),
    ...(request.tools !== undefined &&
      request.tools.length > 0 && {
        tools: request.tools.map((tool) => ({
          type: 'function',
          function: { ...tool, parameters: { ...tool.parameters } },
        })),
      }),
  };
}

type ChatReader = {
  read(event: unknown): ModelEvent[];
  /** Whether the server has said why the answer ended. */
  isWhole(): boolean;
  end(): ModelEvent[];
};

/** Turns the events of one answer into ours. `end` gives what is only known at the end, and fails when the answer broke off. */
export function createChatReader(call: OpenaiCall): ChatReader {
  const splitter = createThinkTagSplitter();
  const calls = createCallCollector(call);
  let reason: string | undefined;
  let usage: Chunk['usage'];

  function textEvents({ content, reasoning_content, reasoning }: Delta): ModelEvent[] {
    const thought = reasoning_content || reasoning;
    const events: ModelEvent[] = [];
    if (thought) events.push({ type: 'reasoning-delta', text: thought.toWellFormed() });
    if (content) events.push(...splitter.push(content.toWellFormed()));
    return events;
  }

  return {
    read(event) {
      const parsed = Chunk.safeParse(event);
      if (!parsed.success) throw unreadable(call, 'an event of the stream has another shape');
      usage = parsed.data.usage ?? usage;
      const [choice] = parsed.data.choices ?? [];
      reason = choice?.finish_reason ?? reason;
      for (const delta of choice?.delta?.tool_calls ?? []) calls.add(delta);
      return textEvents(choice?.delta ?? {});
    },
    isWhole: () => reason !== undefined,
    end() {
      if (reason === undefined) throw cutOff(call);
      const made = calls.all();
      return [
        ...splitter.flush(),
        ...made,
        {
          type: 'finish',
          reason: made.length > 0 ? 'tool-calls' : reason === 'length' ? 'length' : 'stop',
          promptTokens: usage?.prompt_tokens ?? 0,
          outputTokens: usage?.completion_tokens ?? 0,
        },
      ];
    },
  };
}

type CallPiece = { id: string; name: string; json: string };

/**
 * Puts calls together that come in pieces, by their index; a piece without one belongs to the call of its id, else to the last. A piece with a
 * name and an id of its own begins a call, even at an index that had one.
 */
function createCallCollector(call: OpenaiCall) {
  const pieces: CallPiece[] = [];
  const byIndex = new Map<number, CallPiece>();

  function find({ index, id, function: called }: z.infer<typeof CallDelta>): CallPiece | undefined {
    if (index == null) return id ? pieces.find((piece) => piece.id === id) : pieces.at(-1);
    const there = byIndex.get(index);
    const isOther = there !== undefined && there.name !== '' && there.id !== id;
    return isOther && id && called?.name ? undefined : there;
  }

  function begin({ index }: z.infer<typeof CallDelta>): CallPiece {
    const piece = { id: '', name: '', json: '' };
    pieces.push(piece);
    if (index != null) byIndex.set(index, piece);
    return piece;
  }

  return {
    add(delta: z.infer<typeof CallDelta>): void {
      const piece = find(delta) ?? begin(delta);
      if (pieces.length > maxCalls) throw unreadable(call, `it makes more than ${maxCalls} calls at once`);
      piece.id ||= delta.id ?? '';
      piece.name ||= delta.function?.name ?? '';
      piece.json += delta.function?.arguments ?? '';
    },
    all: (): ModelEvent[] =>
      pieces.map(({ id, name, json }, place) => {
        if (name === '') throw unreadable(call, 'a tool call has no name');
        return { type: 'tool-call', call: { id: id || `call-${place + 1}`, name, ...readArguments(json) } };
      }),
  };
}
