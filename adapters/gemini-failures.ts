import { type CloudBlock, type CloudFault, classifyReply } from '../domain/cloud/failure.ts';
import { longestRetryMs } from '../domain/cloud/limits.ts';
import type { NamedModel } from '../domain/cloud/models.ts';
import { TalosError } from '../domain/errors.ts';

/** Whom a call asks, with what; the key goes into no message. */
export type GeminiCall = NamedModel & { readonly host: string; readonly key: string };

/** Longest piece of a foreign message repeated in ours, in characters. */
const maxQuote = 200;

/** The error for what the cloud answered in place of an answer. */
export function failureOfFault(fault: CloudFault, call: GeminiCall): TalosError {
  const { kind, status, retryAfterMs } = fault;
  const said = quote(fault.words, call.key);
  switch (kind) {
    case 'quota':
      return unavailable(call, { reason: kind, what: `${call.model} is over its quota${said}`, retryAfterMs });
    case 'outage':
      return unavailable(call, { reason: kind, what: `it failed with status ${status}${said}`, retryAfterMs });
    case 'key':
      return refused(
        kind,
        'GEMINI_API_KEY',
        `Gemini does not take the key (status ${status}${said}); set GEMINI_API_KEY.`,
      );
    case 'model':
      return refused(
        kind,
        call.setting,
        `Gemini has no model ${call.model}${said}; set ${call.setting} to one that it has.`,
      );
    case 'request':
      return refused(kind, undefined, `Gemini refused the request to ${call.model} (status ${status}${said}).`);
  }
}

/** The error for an answer that is kept back. */
export function blocked({ reason, categories }: CloudBlock, { model }: GeminiCall): TalosError {
  const because = [reason, ...categories].join(', ');
  return new TalosError('CLOUD_BLOCKED', `${model} blocked the answer (${because}); ask in other words, or locally.`, {
    details: { reason, ...(categories.length > 0 && { categories: categories.join(',') }) },
  });
}

/** The error for a cloud that kept silent. */
export function silent(call: GeminiCall): TalosError {
  return unavailable(call, { reason: 'silent', what: `${call.model} kept silent for longer than GEMINI_TIMEOUT` });
}

/** The error for an answer that ended before its end. */
export function cutOff(call: GeminiCall): TalosError {
  return unavailable(call, { reason: 'cut-off', what: `${call.model} broke off in the middle of an answer` });
}

/** The error for what is no answer of Gemini's; it quotes nothing, for it may be anything. */
export function malformed(call: GeminiCall, what: string): TalosError {
  return unavailable(call, { reason: 'malformed', what: `what answers does not speak as Gemini does: ${what}` });
}

/** The error for whatever the client or `fetch` threw, before or after the first piece. */
export function failureOfThrown(thrown: unknown, call: GeminiCall, hasBegun: boolean): TalosError {
  if (thrown instanceof TalosError) return thrown;
  const code = codeOf(thrown);
  if (/^UND_ERR_(HEADERS|BODY)_TIMEOUT$/.test(code)) return silent(call);
  if (hasStatus(thrown)) return failureOfStreamError(thrown, call);
  if (thrown instanceof SyntaxError) return malformed(call, 'a piece is not JSON');
  if (hasBegun || /Incomplete JSON/.test(code)) return cutOff(call);
  if (thrown instanceof TypeError)
    return unavailable(call, { reason: 'unreachable', what: `it cannot be reached (${hideKey(code, call.key)})` });
  return malformed(call, 'the reply has another shape');
}

/** An error in the middle of a stream; the client puts words before its JSON. */
function failureOfStreamError({ status, message }: { status: number; message: string }, call: GeminiCall): TalosError {
  const body = message.slice(Math.max(0, message.indexOf('{')));
  return failureOfFault(classifyReply({ status, body, at: 0 }), call);
}

function unavailable(
  { host, model }: GeminiCall,
  { reason, what, retryAfterMs }: { reason: string; what: string; retryAfterMs?: number | undefined },
): TalosError {
  const asks = retryAfterMs === undefined ? '' : ` It asks to be left alone for ${Math.ceil(retryAfterMs / 1000)} s.`;
  const details = {
    reason,
    host,
    model,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    // Nobody waits that long for an answer.
    ...(retryAfterMs !== undefined && retryAfterMs > longestRetryMs && { final: true }),
  };
  return new TalosError('CLOUD_UNAVAILABLE', `Gemini at ${host}: ${what}.${asks}`, { details });
}

function refused(reason: string, field: string | undefined, message: string): TalosError {
  return new TalosError('CLOUD_REFUSED', message, { details: { reason, ...(field !== undefined && { field }) } });
}

/** Foreign words, on one line and cut; whatever echoes the key is hidden. */
function quote(words: string, key: string): string {
  const line = hideKey(words, key)
    .replaceAll(/[\p{Cc}\s]+/gu, ' ')
    .toWellFormed()
    .trim();
  if (line === '') return '';
  return `: ${line.length > maxQuote ? `${line.slice(0, maxQuote)} ...` : line}`;
}

/** A key that no header can hold is quoted by whoever refuses it. */
function hideKey(words: string, key: string): string {
  return words.replaceAll(key, '[key]');
}

function hasStatus(thrown: unknown): thrown is Error & { status: number } {
  return thrown instanceof Error && 'status' in thrown && typeof thrown.status === 'number';
}

function codeOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return 'unknown';
  const { cause } = thrown;
  const inner = cause instanceof Error ? cause : thrown;
  return 'code' in inner && typeof inner.code === 'string' ? inner.code : inner.message.slice(0, maxQuote);
}
