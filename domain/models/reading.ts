import { imageTokens } from '../images/limits.ts';
import { estimateTokens } from '../prompt/tokens.ts';
import type { ModelMessage, ModelRequest } from './model.ts';

/** A laptop without a GPU reads 20 to 40 tokens of a prompt in a second; one that does half of that is still at work. */
const msPerToken = 100;

/** Nobody waits longer for the first word, however long a prompt is. */
const longestReadingMs = 30 * 60_000;

/** How long a model may read the prompt of a request before it says its first word, in milliseconds. */
export function readingMs({ messages, tools = [] }: Pick<ModelRequest, 'messages' | 'tools'>): number {
  const offered = tools.length === 0 ? 0 : estimateTokens(JSON.stringify(tools));
  const tokens = messages.reduce((sum, message) => sum + tokensOf(message), offered);
  return Math.min(tokens * msPerToken, longestReadingMs);
}

function tokensOf(message: ModelMessage): number {
  const text = estimateTokens(message.content);
  if (message.role === 'user') return text + (message.images?.length ?? 0) * imageTokens;
  const calls = message.role === 'assistant' ? message.toolCalls : undefined;
  return calls === undefined ? text : text + estimateTokens(JSON.stringify(calls));
}
