import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';

import type { JsonValue } from '../../../domain/json.ts';

/** One call to the Docker engine, written by this proxy. */
export type UpstreamCall = {
  readonly method: string;
  readonly path: string;
  readonly body?: JsonValue;
  readonly signal?: AbortSignal;
};

/** What the engine answered; `body` is undefined when it is no JSON. */
export type UpstreamReply = { readonly status: number; readonly body: unknown };

/** The Docker engine behind its real socket. */
export type Upstream = {
  call(call: UpstreamCall): Promise<UpstreamReply>;
  /** A request that turns into a raw stream; the caller waits for `upgrade`, `response` or `error`. */
  upgrade(path: string): ClientRequest;
  close(): void;
};

/** The engine's answers to our calls are a few KiB; more than this is no answer to them. */
const maxReplyBytes = 1_048_576;

/** Connects to the engine at a socket; connections are kept for the next call. */
export function createUpstream(socketPath: string): Upstream {
  const agent = new Agent({ keepAlive: true });
  return {
    async call({ method, path, body, signal }) {
      const text = body === undefined ? '' : JSON.stringify(body);
      const headers = {
        host: 'docker',
        'content-length': Buffer.byteLength(text),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      };
      const reply = await new Promise<IncomingMessage>((resolve, reject) => {
        const options = { socketPath, agent, method, path, headers, ...(signal === undefined ? {} : { signal }) };
        request(options, resolve).on('error', reject).end(text);
      });
      return { status: reply.statusCode ?? 502, body: parse(await readAll(reply)) };
    },
    upgrade: (path) =>
      request({
        socketPath,
        method: 'POST',
        path,
        headers: { host: 'docker', connection: 'Upgrade', upgrade: 'tcp', 'content-length': 0 },
      }),
    close: () => agent.destroy(),
  };
}

async function readAll(reply: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of reply as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxReplyBytes) throw new Error('the answer of the Docker engine is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parse(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    // The engine answers in JSON; what is none holds nothing a caller may see.
    return undefined;
  }
}
