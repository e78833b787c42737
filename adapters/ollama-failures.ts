import { z } from 'zod';

import { TalosError } from '../domain/errors.ts';
import { pullCommand, withoutPassword } from '../domain/models/choose.ts';
import { overflowFix } from '../domain/models/window.ts';

/** Where and about what the model server was asked, and for how long a window; goes into messages. */
export type OllamaCall = { readonly url: string; readonly model?: string; readonly contextTokens?: number };

/** What a failed reply says: the HTTP status that counts, the words, and the server's own name for the kind of failure. */
type Refusal = {
  readonly status: number;
  readonly text: string;
  readonly json: boolean;
  readonly type?: string | undefined;
  /** The window there is, of a prompt that is too long for it. */
  readonly window?: number | undefined;
};

/** llama-server's errors, which Ollama passes on as JSON inside its own error string. */
const InnerError = z.object({
  error: z.object({
    code: z.number().optional(),
    message: z.string(),
    type: z.string().optional(),
    n_ctx: z.number().optional(),
  }),
});
const OuterError = z.object({ error: z.unknown().refine((error) => error !== undefined) });

/** Longest piece of a foreign message repeated in ours, in characters. */
const maxQuote = 300;

/** The error for a reply with a failing status, or for an `error` in the middle of a stream (status 500). */
export function failureOfReply(status: number, body: string, call: OllamaCall): TalosError {
  const refusal = readRefusal(status, body);
  const { model = 'the model' } = call;
  const words = quote(refusal.text);
  if (
    refusal.type === 'exceed_context_size_error' ||
    /exceeds? the available context|longer than the context/i.test(refusal.text)
  ) {
    return refused('context-overflow', overflowMessage(call, refusal.window));
  }
  const [, lack] = /does not support (thinking|tools)/i.exec(refusal.text) ?? [];
  if (lack !== undefined)
    return refused(`no-${lack.toLowerCase()}`, `${model} does not support ${lack}; ask it without.`);
  if (refusal.status === 404) return refusal.json ? missing(call) : unreadable(call, 'it knows no such path');
  return (
    failureOfServer(refusal, call) ??
    refused('refused', `Ollama refused the request to ${model} (status ${refusal.status}): ${words}`)
  );
}

/** The error for a failure that is the server's own. */
function failureOfServer(refusal: Refusal, call: OllamaCall): TalosError | undefined {
  const { model = 'the model' } = call;
  const words = quote(refusal.text);
  if (/\bmemory\b|alloc/i.test(refusal.text)) {
    const message = `There is not enough memory for ${model} (${words}); end other programs, or choose a smaller model or context.`;
    return unavailable(call, { reason: 'out-of-memory', message });
  }
  if (refusal.status === 429 || refusal.status === 503) {
    const message = `Ollama at ${address(call)} has too much to do (${words}); try again later.`;
    return unavailable(call, { reason: 'busy', message });
  }
  if (refusal.status >= 500 && refusal.status !== 501) {
    return unavailable(call, { reason: 'server-error', message: `Ollama at ${address(call)} failed: ${words}` });
  }
  return undefined;
}

/** The error for whatever `fetch` or the reading of a body threw. */
export function failureOfTransport(thrown: unknown, call: OllamaCall): TalosError {
  if (thrown instanceof TalosError) return thrown;
  const code = transportCode(thrown);
  if (code === 'TimeoutError' || /^UND_ERR_(HEADERS|BODY)_TIMEOUT$/.test(code)) return silent(call, thrown);
  const message = `Ollama at ${address(call)} cannot be reached (${code}); start it, or run \`talos doctor\`.`;
  return unavailable(call, { reason: 'unreachable', message, cause: thrown });
}

/** The error for a reply that is no answer of Ollama's. */
export function unreadable(call: OllamaCall, what: string): TalosError {
  const message = `What answers at ${address(call)} does not speak as Ollama does: ${what}. Check OLLAMA_URL.`;
  return unavailable(call, { reason: 'bad-reply', message });
}

/** The error for an answer that broke off. */
export function cutOff(call: OllamaCall, cause?: unknown): TalosError {
  const message = `Ollama at ${address(call)} broke off in the middle of an answer; run \`talos doctor\`, then try again.`;
  return unavailable(call, { reason: 'cut-off', message, cause });
}

/** The error for a server that took a request and then kept silent. */
export function silent(call: OllamaCall, cause?: unknown): TalosError {
  if (call.model === undefined) {
    const message = `Ollama at ${address(call)} does not answer; restart it, or run \`talos doctor\`.`;
    return unavailable(call, { reason: 'no-answer', message, cause });
  }
  const message = `${call.model} at ${address(call)} kept silent for too long; try again, or choose a smaller model or context.`;
  return new TalosError('MODEL_TIMEOUT', message, { cause, details: { reason: 'silent', address: address(call) } });
}

function overflowMessage({ model = 'the model', contextTokens = 0 }: OllamaCall, window = contextTokens): string {
  return `The prompt is longer than the context window of ${model}; ${overflowFix(window, contextTokens)}.`;
}

function missing(call: OllamaCall): TalosError {
  const { model = 'unknown' } = call;
  const fix = pullCommand(model);
  return new TalosError('MODEL_MISSING', `The model ${model} is not installed; run: ${fix}`, {
    details: { model, fix },
  });
}

function refused(reason: string, message: string): TalosError {
  return new TalosError('MODEL_REFUSED', message, { details: { reason } });
}

function unavailable(
  call: OllamaCall,
  { reason, message, cause }: { reason: string; message: string; cause?: unknown },
): TalosError {
  const details = { reason, address: address(call), fix: 'talos doctor' };
  return new TalosError('MODEL_UNAVAILABLE', message, { cause, details });
}

function readRefusal(status: number, body: string): Refusal {
  const outer = OuterError.safeParse(parseJson(body));
  const error = outer.success ? outer.data.error : body;
  const inner = InnerError.safeParse(typeof error === 'string' ? parseJson(error) : { error });
  const json = outer.success;
  if (!inner.success) return { status, text: typeof error === 'string' ? error : JSON.stringify(error), json };
  const { code, message, type, n_ctx: window } = inner.data.error;
  return { status: code ?? status, text: message, json, type, window };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // plain text is an answer, too
  }
}

function transportCode(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const { cause } = thrown;
  const inner = cause instanceof Error ? cause : thrown;
  return 'code' in inner && typeof inner.code === 'string'
    ? inner.code
    : inner.name === 'Error'
      ? inner.message
      : inner.name;
}

function quote(text: string): string {
  return text.length > maxQuote ? `${text.slice(0, maxQuote)} ...` : text;
}

function address(call: OllamaCall): string {
  return withoutPassword(call.url);
}
