import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

/** One request the engine got. */
export type Seen = { readonly method: string; readonly url: string; readonly body: string };

/** A Docker engine of the tests: answers what the proxy may ask, notes everything it gets. */
export type FakeEngine = {
  readonly seen: Seen[];
  /** Containers it holds, with their labels. */
  readonly containers: Map<string, Record<string, string>>;
  /** Streams somebody is attached to, by container. */
  readonly streams: Map<string, Duplex>;
  /** Whether it has the sandbox image. */
  hasImage: boolean;
  /** Whether it drops every connection instead of answering. */
  isBroken: boolean;
  /** Whether it makes containers and dies before it tells of them. */
  diesCreating: boolean;
  addContainer(labels: Record<string, string>): string;
  close(): Promise<void>;
};

export const imageId = `sha256:${'1'.repeat(64)}`;

type Reply = { readonly status: number; readonly body?: unknown };

/** Listens on a socket file. */
export async function startFakeEngine(socket: string): Promise<FakeEngine> {
  const server = createServer((request, response) => {
    if (engine.isBroken) return void request.socket.destroy();
    void readText(request).then((body) => {
      const reply = answer(engine, { method: request.method ?? '', url: request.url ?? '', body });
      if (engine.diesCreating && reply.status === 201) return void request.socket.destroy();
      response.writeHead(reply.status, { 'content-type': 'application/json' });
      response.end(reply.body === undefined ? '' : JSON.stringify(reply.body));
    });
  });
  const engine: FakeEngine = {
    seen: [],
    containers: new Map(),
    streams: new Map(),
    hasImage: true,
    isBroken: false,
    diesCreating: false,
    addContainer(labels) {
      const id = randomBytes(32).toString('hex');
      engine.containers.set(id, labels);
      return id;
    },
    async close() {
      for (const stream of engine.streams.values()) stream.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  server.on('upgrade', (request, stream) => {
    const { method = '', url = '' } = request;
    engine.seen.push({ method, url, body: '' });
    const id = idIn(url);
    stream.on('error', () => undefined);
    if (engine.isBroken) return void stream.destroy();
    engine.streams.set(id, stream);
    stream.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nready\n');
    stream.on('data', (chunk: Buffer) => stream.write(chunk));
  });
  server.listen(socket);
  await once(server, 'listening');
  return engine;
}

function answer(engine: FakeEngine, request: Seen): Reply {
  engine.seen.push(request);
  const call = `${request.method} ${request.url.replace(/[0-9a-f]{64}/, 'ID').replace(/\?.*/, '')}`;
  const id = idIn(request.url);
  const secret = { Config: { Env: ['GEMINI_API_KEY=secret'] }, Mounts: ['/home'] };
  const state = { Status: 'exited', Running: false, OOMKilled: false, ExitCode: 0 };
  const replies: Record<string, () => Reply> = {
    'POST /containers/create': () => {
      const { Labels } = JSON.parse(request.body) as { Labels: Record<string, string> };
      return { status: 201, body: { Id: engine.addContainer(Labels), Warnings: ['secret'] } };
    },
    'GET /containers/json': () => ({ status: 200, body: list(engine, request.url) }),
    'GET /containers/ID/json': () => ({ status: 200, body: { Id: id, State: { ...state, Pid: 1 }, ...secret } }),
    'GET /version': () => ({ status: 200, body: { Version: '28.0.0', ApiVersion: '1.48', ...secret } }),
    'POST /containers/ID/start': () => ({ status: 204 }),
    'POST /containers/ID/kill': () => ({ status: 204 }),
    'POST /containers/ID/wait': () => ({ status: 200, body: { StatusCode: 0, ...secret } }),
    'DELETE /containers/ID': () => {
      engine.streams.get(id)?.end();
      return { status: engine.containers.delete(id) ? 204 : 404 };
    },
    'GET /images/talos-sandbox:4.0.0/json': () =>
      engine.hasImage ? { status: 200, body: { Id: imageId } } : { status: 404, body: { message: 'No such image' } },
  };
  return replies[call]?.() ?? { status: 418, body: { message: `the proxy asked for ${call}` } };
}

/** Filters as the engine does, by label. */
function list(engine: FakeEngine, url: string): unknown {
  const filters = new URL(url, 'http://docker').searchParams.get('filters') ?? '{}';
  const { label = [] } = JSON.parse(filters) as { label?: string[] };
  const wanted = label.map((text) => text.split('='));
  return [...engine.containers]
    .filter(([, labels]) => wanted.every(([key = '', value]) => labels[key] === value))
    .map(([Id, Labels]) => ({ Id, Labels, State: 'running', Created: 1, Names: ['/secret'] }));
}

function idIn(url: string): string {
  return /[0-9a-f]{64}/.exec(url)?.[0] ?? '';
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
