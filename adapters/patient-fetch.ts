import { type ClientRequest, type IncomingMessage, request as askPlainly } from 'node:http';
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
  const reply = await replyTo(asking);
  const { statusCode: status = 500, statusMessage: statusText = '' } = reply;
  if (bare.has(status)) reply.resume();
  const bytes = bare.has(status) ? null : ReadableStream.from(bytesOf(reply, signal));
  return new Response(bytes, { status, statusText, headers: headersOf(reply) });
}

function replyTo(asking: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    asking.on('response', resolve);
    asking.on('error', reject); // after the reply has begun whoever reads it hears of it
    // Where the server turns to another protocol there is neither of the two, and no signal would end the wait.
    asking.on('close', () => reject(new TypeError('the server gave no reply')));
  });
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
