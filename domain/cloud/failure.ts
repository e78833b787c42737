import { z } from 'zod';

/** What the cloud answered in place of an answer. */
export type FailedReply = {
  readonly status: number;
  readonly body: string;
  /** The header `Retry-After`. */
  readonly retryAfter?: string | undefined;
  readonly at: number;
};

/**
 * What went wrong. `quota` and `outage` are the cloud's to mend, `key` and `model` the owner's, `request` is a request it does not take.
 */
export type CloudFault = {
  readonly kind: 'quota' | 'outage' | 'key' | 'model' | 'request';
  readonly status: number;
  /** What the cloud said; foreign text. */
  readonly words: string;
  /** How long the cloud asks to be left alone. */
  readonly retryAfterMs?: number;
};

/** Why the cloud keeps an answer back: names of its own, never what was said. */
export type CloudBlock = { readonly reason: string; readonly categories: readonly string[] };

const ErrorReply = z.object({
  error: z.object({ message: z.string().catch(''), details: z.array(z.looseObject({})).catch([]) }),
});

const seconds = /^(\d{1,9}(?:\.\d{1,9})?)s?$/;

/** Reads a failing status and its body. */
export function classifyReply({ status, body, retryAfter, at }: FailedReply): CloudFault {
  const { words, details } = readBody(body);
  const retryAfterMs = delayOf(details) ?? (retryAfter === undefined ? undefined : waitOf(retryAfter, at));
  return {
    kind: kindOf(status, details),
    status,
    words,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
}

function kindOf(status: number, details: readonly Record<string, unknown>[]): CloudFault['kind'] {
  if (status === 429) return 'quota';
  if (status === 408 || status >= 500) return 'outage';
  if (status === 401 || status === 403) return 'key';
  if (status === 404) return 'model';
  const reasons = details.map(({ reason }) => reason);
  return reasons.some((reason) => typeof reason === 'string' && reason.startsWith('API_KEY_')) ? 'key' : 'request';
}

function readBody(body: string): { words: string; details: Record<string, unknown>[] } {
  const parsed = ErrorReply.safeParse(parseJson(body));
  return parsed.success
    ? { words: parsed.data.error.message, details: parsed.data.error.details }
    : { words: '', details: [] };
}

/** The delay of google.rpc.RetryInfo. */
function delayOf(details: readonly Record<string, unknown>[]): number | undefined {
  return details.map(({ retryDelay }) => (typeof retryDelay === 'string' ? toMs(retryDelay) : undefined)).find(Boolean);
}

/** `Retry-After` is a number of seconds, or a date. */
function waitOf(header: string, at: number): number | undefined {
  const time = Date.parse(header);
  return toMs(header.trim()) ?? (Number.isNaN(time) || time <= at ? undefined : time - at);
}

function toMs(text: string): number | undefined {
  const found = seconds.exec(text)?.[1];
  return found === undefined ? undefined : Math.ceil(Number(found) * 1000);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // a proxy in between may say anything
  }
}

/** Ends that are no block: the first is an answer, the second one that was cut. */
const plainEnds = new Set(['STOP', 'MAX_TOKENS']);

const ownName = /^[A-Z][A-Z0-9_]{0,59}$/;

/** A rating of one kind of harm, as far as we use it. */
export type SafetyRating = { readonly category?: string | undefined; readonly blocked?: boolean | undefined };

/** The block that a reason stands for; undefined when it is the end of an answer. */
export function blockOf(reason: string, ratings: readonly SafetyRating[] = []): CloudBlock | undefined {
  if (plainEnds.has(reason)) return undefined;
  const blocked = ratings.flatMap(({ category, blocked: isBlocked }) =>
    isBlocked === true && category !== undefined && ownName.test(category) ? [category] : [],
  );
  return { reason: ownName.test(reason) ? reason : 'UNKNOWN', categories: [...new Set(blocked)].slice(0, 10) };
}
