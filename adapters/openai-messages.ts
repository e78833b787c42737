import type { ChatCompletionMessageParam, ChatCompletionUserMessageParam } from 'openai/resources/chat/completions';

import type { ModelMessage } from '../domain/models/model.ts';

/** Messages as OpenAI's interface takes them: a result names the call it belongs to, so calls are counted off by name. */
export function toOpenaiMessages(messages: readonly ModelMessage[]): ChatCompletionMessageParam[] {
  let open: { id: string; name: string }[] = [];
  const idOf = (name: string): string => {
    const place = open.findIndex((call) => call.name === name);
    return place < 0 ? `call-${name}` : (open.splice(place, 1)[0]?.id ?? name);
  };
  return messages.map((message): ChatCompletionMessageParam => {
    switch (message.role) {
      case 'system':
        return { role: 'system', content: message.content };
      case 'user':
        return toUserMessage(message);
      case 'tool':
        return { role: 'tool', content: message.content, tool_call_id: idOf(message.toolName) };
      case 'assistant':
        open = (message.toolCalls ?? []).map(({ id, name }) => ({ id, name }));
        return toAssistantMessage(message);
    }
  });
}

function toUserMessage(message: Extract<ModelMessage, { role: 'user' }>): ChatCompletionUserMessageParam {
  const { content, images = [] } = message;
  if (images.length === 0) return { role: 'user', content };
  const pictures = images.map(({ type, base64 }) => ({
    type: 'image_url' as const,
    image_url: { url: `data:${type};base64,${base64}` },
  }));
  return { role: 'user', content: [{ type: 'text', text: content }, ...pictures] };
}

function toAssistantMessage({
  content,
  toolCalls = [],
}: Extract<ModelMessage, { role: 'assistant' }>): ChatCompletionMessageParam {
  if (toolCalls.length === 0) return { role: 'assistant', content };
  const calls = toolCalls.map(({ id, name, arguments: args }) => ({
    id,
    type: 'function' as const,
    function: { name, arguments: JSON.stringify(args) },
  }));
  return { role: 'assistant', content, tool_calls: calls };
}
