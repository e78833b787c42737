import { Ollama } from 'ollama/browser';

import { TalosError } from '../domain/errors.ts';
import { failureOfReply, failureOfTransport, type OllamaCall, unreadable } from './ollama-failures.ts';
import { patientFetch } from './patient-fetch.ts';
import { readStart } from './reply-start.ts';

type Send = (url: URL, init: RequestInit) => Promise<Response>;

/** Performs one request; every failure is a TalosError, except that an abort by the caller keeps the caller's reason. */
export async function request(
  call: OllamaCall,
  address: string,
  { send = fetch, ...init }: RequestInit & { signal: AbortSignal; send?: Send },
): Promise<Response> {
  return guarded(call, init.signal, async () => {
    const response = await send(...target(address, init));
    if (isRedirect(response)) throw unreadable(call, `it wants to send us elsewhere (status ${response.status})`);
    if (!response.ok) throw failureOfReply(response.status, await readStart(response), call);
    return response;
  });
}

/** Runs calls of the official client; each request of it obeys the signal, and every failure is mapped as in `request`. */
export const withClient = clientOver((url, init) => fetch(url, init));

/** The same for work that may take longer than `fetch` waits; only the signal ends it. */
export const withPatientClient = clientOver(patientFetch);

function clientOver(send: Send) {
  return <T>(call: OllamaCall, signal: AbortSignal, run: (client: Ollama) => Promise<T>): Promise<T> =>
    guarded(call, signal, () => run(createClient(call, signal, send)));
}

function createClient(call: OllamaCall, signal: AbortSignal, send: Send): Ollama {
  return new Ollama({
    host: call.url,
    fetch: (input, init) =>
      request(call, input instanceof Request ? input.url : String(input), { ...init, signal, send }),
  });
}

async function guarded<T>(call: OllamaCall, signal: AbortSignal, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (thrown) {
    throw mapped(thrown, call, signal);
  }
}

/** What to throw in place of `thrown`: an abort keeps the caller's reason, a deadline of the caller is a MODEL_TIMEOUT. */
export function mapped(thrown: unknown, call: OllamaCall, signal: AbortSignal): unknown {
  if (signal.aborted && !isDeadline(signal.reason)) return signal.reason;
  if (thrown instanceof TalosError) return thrown;
  if (thrown instanceof SyntaxError) return unreadable(call, 'the reply is not JSON');
  return failureOfTransport(thrown, call);
}

/** Whether a signal was aborted by a deadline, which is no wish of the caller to leave. */
export function isDeadline(reason: unknown): boolean {
  return reason instanceof DOMException && reason.name === 'TimeoutError';
}

/** Whether a reply is no answer but another address. */
export function isRedirect({ status }: Response): boolean {
  return status >= 300 && status < 400;
}

/**
 * `fetch` refuses addresses with a password; it goes into the header it stands for. No redirect is followed: what is sent is for this host,
 * and what is on record names it.
 */
export function target(address: string, init: RequestInit): [URL, RequestInit] {
  const url = new URL(address);
  const headers = new Headers(init.headers);
  if (url.username !== '') {
    const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    headers.set('authorization', `Basic ${Buffer.from(credentials).toString('base64')}`);
    url.username = '';
    url.password = '';
  }
  return [url, { ...init, headers, redirect: 'manual' }];
}
