import { once } from 'node:events';
import { type IncomingMessage, request as askPlainly } from 'node:http';
import { request as askSecurely } from 'node:https';

/** Replies that have no body. */
const bare = new Set([204, 205, 304]);

/**
 * A `fetch` for replies that may begin late: the usual one gives up after five minutes without a header, however long its signal would
 * wait. It follows no redirect.
 */
export async function patientFetch(url: URL, init: RequestInit): Promise<Response> {
  const { method = 'GET', body, signal } = init;
  const headers = Object.fromEntries(new Headers(init.headers));
  const ask = url.protocol === 'https:' ? askSecurely : askPlainly;
  const asking = ask(url, { method, headers, agent: false, ...(signal && { signal }) });
  asking.end(typeof body === 'string' ? body : undefined);
  const [reply]: IncomingMessage[] = await once(asking, 'response');
  if (reply === undefined) throw new TypeError('no reply');
  asking.on('error', () => undefined); // whoever reads the reply hears of it
  const { statusCode: status = 500, statusMessage: statusText = '' } = reply;
  if (bare.has(status)) reply.resume();
  const bytes = bare.has(status) ? null : ReadableStream.from(bytesOf(reply, signal));
  return new Response(bytes, { status, statusText, headers: headersOf(reply) });
}

/** What breaks a reply is told as the usual `fetch` does. */
async function* bytesOf(reply: IncomingMessage, signal?: AbortSignal | null): AsyncGenerator<Uint8Array, void> {
  try {
    for await (const piece of reply) yield new Uint8Array(piece);
  } catch (cause) {
    throw signal?.aborted ? signal.reason : new TypeError('the reply broke off', { cause });
  }
}

function headersOf({ headersDistinct }: IncomingMessage): Headers {
  const headers = new Headers();
  for (const [name, values = []] of Object.entries(headersDistinct)) {
    for (const value of values) headers.append(name, value);
  }
  return headers;
}
