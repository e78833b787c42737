import { TalosError } from '../domain/errors.ts';
import type { ModelRequest } from '../domain/models/model.ts';
import type { LanguageModel } from '../domain/ports.ts';
import { promptBudget } from '../domain/prompt/assemble.ts';
import { beginningOf, estimateTokens } from '../domain/prompt/tokens.ts';
import { completeText } from './reply-stream.ts';

/** What was read out of an answer, or why nothing could be. */
export type Reading<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string };

type Order<T> = {
  readonly request: ModelRequest & { readonly format: NonNullable<ModelRequest['format']> };
  /** Checks an answer against its schema. */
  readonly read: (reply: string) => Reading<T>;
  readonly signal: AbortSignal;
};

/** How much of what is wrong the model hears. */
const longestProblem = 1000;

/**
 * An answer in the form asked for. One that is not is shown to the model once with what is wrong; what it meant is never guessed. Fails
 * with REPLY_INVALID when mending did not help.
 */
export async function structuredReply<T>(
  model: LanguageModel,
  { request, read, signal }: Order<T>,
): Promise<{ readonly reply: string; readonly value: T }> {
  const reply = await completeText(model.chat(request, signal), signal);
  const first = read(reply);
  if (first.ok) return { reply, value: first.value };
  const mended = await completeText(model.chat(toMend(request, reply, first.problem), signal), signal);
  const second = read(mended);
  if (second.ok) return { reply: mended, value: second.value };
  throw new TalosError(
    'REPLY_INVALID',
    `The model ${request.model} did not keep to the form asked for, nor after it was told why: ${second.problem.slice(0, 300)}`,
  );
}

function toMend(request: ModelRequest, reply: string, problem: string): ModelRequest {
  const told = problem.slice(0, longestProblem).toWellFormed();
  const content = `That is not the form asked for. ${told}\nAnswer with the whole JSON and nothing else.`;
  const taken = [content, ...request.messages.map((message) => message.content)];
  const free = promptBudget(request) - taken.reduce((sum, text) => sum + estimateTokens(text), 0);
  const shown = { role: 'assistant', content: beginningOf(reply, free) } as const;
  return { ...request, messages: [...request.messages, shown, { role: 'user', content }] };
}
