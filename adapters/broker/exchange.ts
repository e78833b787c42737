import { type IncomingMessage, request as openRequest } from 'node:http';
import type { Socket } from 'node:net';
import { connect } from 'node:tls';

import { TalosError } from '../../domain/errors.ts';

/** Opens a connection to exactly this address, in the name of this host. */
export type Dial = (target: { address: string; host: string }) => Socket;

/** One request to a host whose address has been checked. */
export type Outgoing = {
  readonly host: string;
  readonly address: string;
  readonly path: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
};

/** What came back, whole. */
export type Reply = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
};

/** Dials by TLS; the certificate has to be of the host, not of the address. */
export const dialTls: Dial = ({ address, host }) =>
  connect({ host: address, port: 443, servername: host, ALPNProtocols: ['http/1.1'] });

type Limits = { readonly signal: AbortSignal; readonly mostBytes: number };

/** Sends one request and reads the whole reply. Fails with HOST_UNAVAILABLE, or with BODY_TOO_LARGE as soon as that is certain. */
export async function exchange(dial: Dial, outgoing: Outgoing, { signal, mostBytes }: Limits): Promise<Reply> {
  try {
    const response = await send(dial, outgoing, signal);
    const body = await readBody(response, { host: outgoing.host, mostBytes });
    return { status: response.statusCode ?? 0, headers: plainHeaders(response), body };
  } catch (thrown) {
    throw thrown instanceof TalosError ? thrown : unavailable(outgoing.host, thrown, signal);
  }
}

/** The host as the error of a connection; addresses and texts of the other side stay out of it. */
export function unavailable(host: string, thrown: unknown, signal: AbortSignal): TalosError {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'no reason';
  const why = signal.aborted ? 'it took too long' : code;
  return new TalosError('HOST_UNAVAILABLE', `${host} could not be reached (${why}).`, { details: { host, why } });
}

function send(dial: Dial, outgoing: Outgoing, signal: AbortSignal): Promise<IncomingMessage> {
  const { address, host, path, method, headers, body } = outgoing;
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  return new Promise((resolve, reject) => {
    const request = openRequest({
      createConnection: () => dial({ address, host }),
      host,
      path,
      method,
      signal,
      setHost: false,
      headers: {
        'user-agent': 'talos',
        ...headers,
        ...length,
        host,
        'accept-encoding': 'identity',
        connection: 'close',
      },
    });
    request.once('response', resolve);
    request.once('error', reject);
    request.once('upgrade', (_response, socket) => {
      socket.destroy();
      reject(new Error('nobody asked for another protocol'));
    });
    request.end(body);
  });
}

async function readBody(
  response: IncomingMessage,
  { host, mostBytes }: { host: string; mostBytes: number },
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > mostBytes) {
      response.destroy();
      throw new TalosError('BODY_TOO_LARGE', `The reply of ${host} is larger than ${mostBytes} bytes.`);
    }
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

function plainHeaders({ headers }: IncomingMessage): Record<string, string> {
  const entries = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
  );
  return Object.fromEntries(entries);
}
