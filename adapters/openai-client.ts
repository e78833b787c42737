import type { OpenAI } from 'openai';

import { TalosError } from '../domain/errors.ts';
import { isDeadline, isRedirect, target } from './ollama-http.ts';
import { cutOff, failureOfReply, type OpenaiCall, silent, unreachable, unreadable } from './openai-failures.ts';
import { patientFetch } from './patient-fetch.ts';

/** Most bytes of one reply: a line that never ends must not fill the memory. */
const maxReplyBytes = 64 * 1024 * 1024;

/** Runs calls of the official client, which is loaded when first needed; every failure is a TalosError, except that an abort keeps the caller's reason. */
export async function withClient<T>(
  call: OpenaiCall,
  signal: AbortSignal,
  run: (client: OpenAI) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const { OpenAI: Client } = await import('openai');
  try {
    return await run(createClient(Client, call));
  } catch (thrown) {
    throw mapped(thrown, call, signal);
  }
}

/** What to throw in place of `thrown`: an abort keeps the caller's reason, a deadline of the caller is silence of the server. */
export function mapped(thrown: unknown, call: OpenaiCall, signal: AbortSignal): unknown {
  if (signal.aborted) return isDeadline(signal.reason) ? silent(call) : signal.reason;
  if (thrown instanceof TalosError) return thrown;
  if (thrown instanceof SyntaxError) return unreadable(call, 'a part of the reply is not JSON');
  if (!(thrown instanceof Error)) return unreachable(call, thrown);
  if ('status' in thrown && typeof thrown.status === 'number') {
    return failureOfReply(thrown.status, 'error' in thrown ? thrown.error : undefined, call);
  }
  if ('error' in thrown && thrown.error !== undefined) return failureOfReply(undefined, thrown.error, call);
  return carriedError(thrown) ?? unreachable(call, thrown);
}

/** The error for a stream that broke: what would be an unreachable server before it is a broken answer now. */
export function mappedInStream(thrown: unknown, call: OpenaiCall, signal: AbortSignal): unknown {
  const failure = mapped(thrown, call, signal);
  const isBroken = failure instanceof TalosError && failure.details['reason'] === 'unreachable';
  return isBroken ? cutOff(call) : failure;
}

function createClient(Client: typeof OpenAI, call: OpenaiCall): OpenAI {
  const { url, key } = call;
  return new Client({
    baseURL: url,
    apiKey: key ?? 'none',
    organization: null,
    project: null,
    // without a key there is no such header, unless the address itself carries a password
    ...(key === undefined && { defaultHeaders: { authorization: null } }),
    maxRetries: 0,
    timeout: 3_600_000, // silence is watched by ourselves
    logLevel: 'off',
    fetch: async (input, init) => {
      const address = input instanceof Request ? input.url : String(input);
      const response = await patientFetch(...target(address, init ?? {}));
      if (isRedirect(response)) throw unreadable(call, `it wants to send us elsewhere (status ${response.status})`);
      return limited(response, call);
    },
  });
}

/** The client wraps whatever its `fetch` throws. */
function carriedError({ cause }: Error): TalosError | undefined {
  return cause instanceof TalosError ? cause : undefined;
}

function limited(response: Response, call: OpenaiCall): Response {
  if (response.body === null) return response;
  let bytes = 0;
  const counter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      bytes += chunk.byteLength;
      if (bytes > maxReplyBytes) controller.error(unreadable(call, 'its reply never ends'));
      else controller.enqueue(chunk);
    },
  });
  const { status, statusText, headers } = response;
  return new Response(response.body.pipeThrough(counter), { status, statusText, headers });
}
