import type { ChatRequest, Message } from 'ollama/browser';
import { z } from 'zod';

import type { ModelEvent, ModelMessage, ModelRequest } from '../domain/models/model.ts';
import { failureOfReply, type OllamaCall, unreadable } from './ollama-failures.ts';
import { createThinkTagSplitter } from './ollama-think-tags.ts';
import { readArguments } from './tool-arguments.ts';

/** How long a model stays in memory after its last use. */
export const keepAlive = '10m';

/** No layer of the model goes to the GPU. */
export const onCpuOptions = { num_gpu: 0 };

const ToolCallReply = z.object({
  id: z.string().nullish(),
  function: z.object({ name: z.string(), arguments: z.unknown() }),
});
type ToolCallReply = z.infer<typeof ToolCallReply>;

/** One line of a streamed answer; only what we use. */
const ChatLine = z.object({
  error: z.unknown().optional(),
  message: z
    .object({
      content: z.string().nullish(),
      thinking: z.string().nullish(),
      tool_calls: z.array(ToolCallReply).nullish(),
    })
    .nullish(),
  done: z.boolean().nullish(),
  done_reason: z.string().nullish(),
  prompt_eval_count: z.int().nonnegative().nullish(),
  eval_count: z.int().nonnegative().nullish(),
});
type ChatLine = z.infer<typeof ChatLine>;

/**
 * The body of `POST /api/chat`. The window is always named, for the server's own default cuts prompts without a word; and what does not fit
 * is to be refused, for otherwise earlier messages are dropped without one.
 */
export function chatBody(request: ModelRequest): ChatRequest & { stream: true; truncate: false } {
  return {
    model: request.model,
    messages: request.messages.map(toOllamaMessage),
    stream: true,
    truncate: false,
    think: request.think,
    keep_alive: keepAlive,
    options: {
      num_ctx: request.contextTokens,
      num_predict: request.maxOutputTokens,
      temperature: request.temperature,
      ...(request.onCpu === true && onCpuOptions),
    },
    ...(request.format !== undefined && { format: request.format }),
    ...(request.tools !== undefined && {
      tools: request.tools.map((tool) => ({
        type: 'function',
        function: { ...tool, parameters: { ...tool.parameters } },
      })),
    }),
  };
}

/** Where the server puts the images of a prompt: in a text it would be one that is not there, and the whole prompt would be refused. */
const imagePlace = /\[img-(\d+)\]/g;

function toOllamaMessage(given: ModelMessage): Message {
  const message = { ...given, content: given.content.replace(imagePlace, '[img $1]') };
  switch (message.role) {
    case 'system':
      return { role: 'system', content: message.content };
    case 'user': {
      const images = message.images?.map(({ base64 }) => base64);
      return { role: 'user', content: message.content, ...(images !== undefined && { images }) };
    }
    case 'tool':
      return { role: 'tool', content: message.content, tool_name: message.toolName };
    case 'assistant': {
      const calls = message.toolCalls?.map(({ id, name, arguments: args }) => ({
        id,
        function: { name, arguments: args },
      }));
      return { role: 'assistant', content: message.content, ...(calls !== undefined && { tool_calls: calls }) };
    }
  }
}

/** Turns the lines of one answer into events until it is `finished`. `read` throws what the server reports as an error. */
export function createChatReader(call: OllamaCall): { read(line: unknown): ModelEvent[]; finished(): boolean } {
  const splitter = createThinkTagSplitter();
  let calls = 0;
  let finished = false;

  function toolCall({ id, function: { name, arguments: args } }: ToolCallReply): ModelEvent {
    calls += 1;
    return { type: 'tool-call', call: { id: id || `call-${calls}`, name, ...readArguments(args) } };
  }

  return {
    read(line) {
      const parsed = ChatLine.safeParse(line);
      if (!parsed.success) throw unreadable(call, 'a line of the stream has another shape');
      const { error, message, done } = parsed.data;
      if (error !== undefined) throw failureOfReply(500, JSON.stringify({ error }), call);
      const events: ModelEvent[] = [];
      if (message?.thinking) events.push({ type: 'reasoning-delta', text: message.thinking.toWellFormed() });
      if (message?.content) events.push(...splitter.push(message.content.toWellFormed()));
      if (message?.tool_calls) events.push(...message.tool_calls.map(toolCall));
      finished = done === true;
      if (finished) events.push(...splitter.flush(), finish(parsed.data, calls > 0));
      return events;
    },
    finished: () => finished,
  };
}

function finish(line: ChatLine, calledTools: boolean): ModelEvent {
  const ended = line.done_reason === 'length' ? 'length' : 'stop';
  return {
    type: 'finish',
    reason: calledTools ? 'tool-calls' : ended,
    promptTokens: line.prompt_eval_count ?? 0,
    outputTokens: line.eval_count ?? 0,
  };
}
