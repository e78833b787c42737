import { once } from 'node:events';
import { type IncomingMessage, request as askPlainly } from 'node:http';
import { request as askSecurely } from 'node:https';

/**
 * A `fetch` for short replies that may begin late: the usual one gives up after five minutes without a header, however long its signal
 * would wait.
 */
export async function patientFetch(url: URL, init: RequestInit): Promise<Response> {
  const { method = 'GET', body, signal } = init;
  const headers = Object.fromEntries(new Headers(init.headers));
  const ask = url.protocol === 'https:' ? askSecurely : askPlainly;
  const asking = ask(url, { method, headers, agent: false, ...(signal && { signal }) });
  asking.end(typeof body === 'string' ? body : undefined);
  const [reply]: IncomingMessage[] = await once(asking, 'response');
  if (reply === undefined) throw new TypeError('no reply');
  const pieces: Buffer[] = [];
  for await (const piece of reply) pieces.push(Buffer.from(piece));
  const text = Buffer.concat(pieces).toString('utf8');
  return new Response(text, { status: reply.statusCode ?? 500, headers: { 'content-type': 'application/json' } });
}
