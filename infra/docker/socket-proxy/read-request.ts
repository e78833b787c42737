import type { IncomingMessage } from 'node:http';

/** Largest body taken; a sandbox container needs about one KiB. */
const maxBodyBytes = 65_536;

/** Why a request is refused before anybody looks at what it asks; undefined for a plain one. */
export function findFault(request: IncomingMessage): string | undefined {
  const { headers } = request;
  if (request.httpVersion !== '1.1') return 'only HTTP/1.1 is spoken here';
  if (headers.host === undefined) return 'a request names its host';
  if (headers['transfer-encoding'] !== undefined) return 'Transfer-Encoding is not taken';
  if (headers.trailer !== undefined || headers.expect !== undefined) return 'Trailer and Expect are not taken';
  if (bodyLength(request) > maxBodyBytes) return `the body is longer than ${maxBodyBytes} bytes`;
  return undefined;
}

/** Length of the body as announced; the parser lets no other number of bytes pass as the body. */
export function bodyLength({ headers }: IncomingMessage): number {
  return Number(headers['content-length'] ?? 0);
}

/** Whether a request asks for the raw stream the engine offers, and for nothing else. */
export function asksForStream({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'tcp' && headers.connection?.toLowerCase() === 'upgrade';
}

/** The body as text. */
export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
