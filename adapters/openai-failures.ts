import { z } from 'zod';

import { TalosError } from '../domain/errors.ts';
import { withoutPassword } from '../domain/models/choose.ts';

/** Where and about what a server was asked. The key never goes into a message. */
export type OpenaiCall = { readonly url: string; readonly key?: string; readonly model?: string };

/** What a server says of a failure: as `error` of its body, or the body itself. */
const Refusal = z.object({
  message: z.string(),
  type: z.string().nullish(),
  code: z.union([z.string(), z.number()]).nullish(),
});

/** Longest piece of a foreign message repeated in ours, in characters. */
const maxQuote = 300;

/** How llama.cpp, vLLM, LM Studio and others say that a prompt is too long. */
const overflow =
  /exceed_context_size|context_length_exceeded|exceeds? the available context|maximum (context|model) length|longer than the (maximum|context)|context (length|window|size)|physical batch size/i;

/** How such servers say that they load a model or have too many requests, where there is no status to say it. */
const overload = /loading model|unavailable_error|overloaded|too many requests|rate.?limit/i;

/** A server without room for a model or a prompt. */
const noMemory = /out of memory|\boom\b|not enough memory|insufficient memory|failed to allocate/i;

/** Fields beyond the common ones: a server that does not know them may say so. */
const strangeField =
  /chat_template_kwargs|reasoning_effort|unrecognized (request )?argument|extra inputs? (are )?not permitted|does not support thinking/i;

/** How vLLM, llama.cpp, Ollama and others say that a model cannot be given tools as it was started. */
const toolless =
  /tool choice requires|tools param requires|not support (tools|tool (use|calls?|calling)|function[ -]?(calls?|calling))/i;

/** How they say that a model cannot see. */
const eyeless = /image input is not supported|not a? ?multimodal|not support (images?|vision)/i;

/** The error for a reply with a failing status, or for an error in the middle of a stream, which has none. */
export function failureOfReply(status: number | undefined, error: unknown, call: OpenaiCall): TalosError {
  const refusal = Refusal.safeParse(error);
  const { model = 'the model' } = call;
  if (!refusal.success && (status === undefined || status === 404)) return unreadable(call, 'it knows no such path');
  const words = wordsOf(refusal.data, status, call);
  const server = `The model server at ${address(call)}`;
  const kind = kindOf(status, refusal.data);
  if (isTrouble(kind)) return troubled(call, kind, words);
  switch (kind) {
    case 'wrong-key':
      return refused(
        'wrong-key',
        `${server} does not take the key (status ${status}): ${words}. Correct OPENAI_API_KEY.`,
      );
    case 'context-overflow': {
      const fix = 'give the server a larger window, or lower QWEN_CONTEXT_LENGTH to the one it has';
      return refused('context-overflow', `The prompt is longer than the context window of ${model}; ${fix}.`);
    }
    case 'missing':
      return missing(call, []);
    case 'no-tools':
    case 'strange-field':
    case 'refused':
      return refused(kind, `${server} refused the request to ${model} (status ${status}): ${words}`);
  }
}

function wordsOf(refusal: z.infer<typeof Refusal> | undefined, status: number | undefined, call: OpenaiCall): string {
  return refusal === undefined ? `status ${status}` : quote(refusal.message, call);
}

/** Trouble of the server itself. With the first two it is there and waiting helps. */
type Trouble = 'busy' | 'out-of-memory' | 'server-error';
type Kind = 'wrong-key' | 'context-overflow' | 'no-tools' | 'missing' | 'strange-field' | 'refused' | Trouble;

/** Refusals known by their words: llama.cpp says each of them with a 500, too. */
const refusals: readonly (readonly [RegExp, Kind])[] = [
  [overflow, 'context-overflow'],
  [toolless, 'no-tools'],
  [eyeless, 'refused'],
];

function kindOf(status: number | undefined, refusal: z.infer<typeof Refusal> | undefined): Kind {
  const said = refusal === undefined ? '' : [refusal.message, refusal.type, refusal.code].join(' ');
  if (status === 401 || status === 403) return 'wrong-key';
  const isOurs = status !== undefined && status < 500 && status !== 429;
  const told = status === 429 ? undefined : refusals.find(([words]) => words.test(said))?.[1];
  if (told !== undefined) return told;
  if (status === 404) return 'missing';
  if (isOurs) return strangeField.test(said) ? 'strange-field' : 'refused';
  return troubleOf(status, said);
}

function isTrouble(kind: Kind): kind is Trouble {
  return kind === 'busy' || kind === 'out-of-memory' || kind === 'server-error';
}

function troubleOf(status: number | undefined, said: string): Trouble {
  if (status === 429 || status === 503 || overload.test(said)) return 'busy';
  return noMemory.test(said) ? 'out-of-memory' : 'server-error';
}

function troubled(call: OpenaiCall, reason: Trouble, words: string): TalosError {
  const server = `The model server at ${address(call)}`;
  const messages = {
    busy: `${server} has too much to do (${words}); try again later.`,
    'out-of-memory': `${server} has not enough memory for ${call.model ?? 'the model'} (${words}); end other programs, or choose a smaller model or context.`,
    'server-error': `${server} failed: ${words}`,
  } satisfies Record<Trouble, string>;
  return unavailable(call, { reason, message: messages[reason] });
}

/** The error for a connection that did not come about. */
export function unreachable(call: OpenaiCall, thrown: unknown): TalosError {
  const message = `The model server at ${address(call)} cannot be reached (${transportCode(thrown)}); start it, or correct OPENAI_BASE_URL.`;
  return unavailable(call, { reason: 'unreachable', message });
}

/** The error for a reply that is no answer of such a server. */
export function unreadable(call: OpenaiCall, what: string): TalosError {
  const message = `What answers at ${address(call)} does not speak as OpenAI does: ${what}. Check OPENAI_BASE_URL, which mostly ends in /v1.`;
  return unavailable(call, { reason: 'bad-reply', message });
}

/** The error for an answer that broke off. */
export function cutOff(call: OpenaiCall): TalosError {
  const message = `The model server at ${address(call)} broke off in the middle of an answer; see whether it runs, then try again.`;
  return unavailable(call, { reason: 'cut-off', message });
}

/** The error for a server that took a request and then kept silent. */
export function silent(call: OpenaiCall): TalosError {
  const { model = 'The model server' } = call;
  const message = `${model} at ${address(call)} kept silent for too long; try again, or choose a smaller model or context.`;
  const code = call.model === undefined ? 'MODEL_UNAVAILABLE' : 'MODEL_TIMEOUT';
  return new TalosError(code, message, { details: { reason: 'silent', address: address(call) } });
}

/** The error for a model the server does not list. */
export function missing(call: OpenaiCall, listed: readonly string[]): TalosError {
  const { model = 'unknown' } = call;
  const known = listed.length === 0 ? '' : ` It lists: ${quote(listed.join(', '), call)}.`;
  const fix = 'set QWEN_CODER_MODEL and EMBEDDING_MODEL to models of that server';
  const message = `The model server at ${address(call)} has no model ${model}.${known} Load it there, or ${fix}.`;
  return new TalosError('MODEL_MISSING', message, { details: { model, fix } });
}

function refused(reason: string, message: string): TalosError {
  return new TalosError('MODEL_REFUSED', message, { details: { reason } });
}

function unavailable(call: OpenaiCall, { reason, message }: { reason: string; message: string }): TalosError {
  return new TalosError('MODEL_UNAVAILABLE', message, {
    details: { reason, address: address(call), fix: 'talos doctor' },
  });
}

/** The name of what went wrong on the way, at the end of a chain of causes. */
function transportCode(thrown: unknown): string {
  if (!(thrown instanceof Error)) return 'unknown';
  if (thrown.cause instanceof Error) return transportCode(thrown.cause);
  return 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : thrown.name;
}

function quote(text: string, { key }: OpenaiCall): string {
  const shown = key === undefined ? text : text.replaceAll(key, '[key]');
  return shown.length > maxQuote ? `${shown.slice(0, maxQuote)} ...` : shown;
}

function address(call: OpenaiCall): string {
  return withoutPassword(call.url);
}
