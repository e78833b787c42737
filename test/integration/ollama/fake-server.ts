import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/** What a fake model server does with a request; the body has been read. */
export type Handler = (response: ServerResponse, request: { path: string; body: string }) => void | Promise<void>;

/** An HTTP server on a free loopback port that behaves as a test wants; disposed of with its connections. */
export async function startFakeServer(handler: Handler): Promise<AsyncDisposable & { url: string; paths: string[] }> {
  const paths: string[] = [];
  const server = createServer((request, response) => {
    void readBody(request).then((body) => {
      paths.push(request.url ?? '');
      return handler(response, { path: request.url ?? '', body });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    paths,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** One streamed line as Ollama writes it. */
export function chatLine(content: string, rest: Record<string, unknown> = {}): string {
  return `${JSON.stringify({ model: 'm', message: { role: 'assistant', content }, done: false, ...rest })}\n`;
}

/** The last line of an answer. */
export const lastLine = chatLine('', { done: true, done_reason: 'stop', prompt_eval_count: 3, eval_count: 2 });

/** Sends bytes and waits until they have left. */
export function send(response: ServerResponse, bytes: string | Uint8Array): Promise<void> {
  return new Promise((resolve) => response.write(bytes, () => resolve()));
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks).toString();
}
