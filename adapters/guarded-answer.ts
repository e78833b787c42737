import { TalosError } from '../domain/errors.ts';
import type { ModelEvent, ModelRequest } from '../domain/models/model.ts';

/** How long a whole answer may take from its first piece on, and who tells the time. */
type Limits = { readonly answerMs: number; readonly now: () => number };

/** Servers count tokens their own way; one that stops by itself is not cut off before. */
const spareTokens = 64;

/** No token of any model is that long on average. */
const mostCharsPerToken = 128;

/**
 * The events of an answer that ends: at the longest output asked for, whatever the server does, and with MODEL_TIMEOUT where it goes on
 * for too long. One that says nothing at all is MODEL_REFUSED, for an empty text is no answer.
 */
export async function* guardAnswer(
  events: AsyncIterable<ModelEvent>,
  request: ModelRequest,
  { answerMs, now }: Limits,
): AsyncGenerator<ModelEvent, void> {
  let endsAt = Infinity;
  const said = { pieces: 0, chars: 0, thought: false, spoke: false };
  for await (const event of events) {
    if (event.type === 'finish' && !said.spoke) throw emptyAnswer(request.model, said.thought);
    yield event;
    if (event.type === 'finish') return;
    if (said.pieces === 0) endsAt = now() + answerMs;
    count(said, event);
    if (isTooMuch(said, request.maxOutputTokens)) return yield cutAt(said.pieces);
    if (now() > endsAt) throw endlessAnswer(request.model);
  }
}

type Said = { pieces: number; chars: number; thought: boolean; spoke: boolean };

function count(said: Said, event: Exclude<ModelEvent, { type: 'finish' }>): void {
  said.pieces += 1;
  if (event.type !== 'tool-call') said.chars += event.text.length;
  if (event.type === 'reasoning-delta') said.thought = true;
  else if (event.type === 'tool-call' || event.text.trim() !== '') said.spoke = true;
}

function isTooMuch({ pieces, chars }: Said, maxOutputTokens: number): boolean {
  const most = maxOutputTokens + spareTokens;
  return pieces > most || chars > most * mostCharsPerToken;
}

/** The server was not let finish, so it did not say what it read. */
function cutAt(pieces: number): ModelEvent {
  return { type: 'finish', reason: 'length', promptTokens: 0, outputTokens: pieces };
}

function emptyAnswer(model: string, hasThought: boolean): TalosError {
  const message = hasThought
    ? `${model} used up its room before it answered; raise QWEN_MAX_TOKENS, or set QWEN_THINK=false.`
    : `${model} answered nothing; put it in other words, or choose another model.`;
  return new TalosError('MODEL_REFUSED', message, { details: { reason: 'empty' } });
}

function endlessAnswer(model: string): TalosError {
  const message = `${model} took too long over one answer; ask for less, or choose a smaller model.`;
  return new TalosError('MODEL_TIMEOUT', message, { details: { reason: 'endless', final: true } });
}
