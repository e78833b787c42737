import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const mediaType = 'application/vnd.ollama.image.';

/** What a registry of a test does wrong; may be changed while it runs. */
export type RegistryFaults = {
  /** Sends files no faster than this. */
  bytesPerSecond?: number;
  /** Changes the first byte of every model file. */
  corrupt?: boolean;
  /** Cuts the connection after so many bytes of a model file, as often as `cuts` says. */
  cutAfter?: number;
  cuts?: number;
  /** Answers every manifest with this status. */
  manifestStatus?: number;
};

/** A registry of models on this machine. */
export type TestRegistry = {
  readonly port: number;
  readonly host: string;
  readonly faults: RegistryFaults;
  /** Everything asked so far. */
  readonly asked: { readonly method: string; readonly path: string }[];
  /** The ranges of the model's file that were asked for, as `from-`. */
  readonly ranges: string[];
  /** The name to pull a model by. */
  name(model?: string): string;
  /** The name it is listed by then. */
  listed(model?: string): string;
  close(): Promise<void>;
};

type Blob = { readonly data: Buffer; readonly isModel: boolean };

/** Starts a registry that has these GGUF files, by name and tag. */
export async function startRegistry(
  models: Readonly<Record<string, Buffer>>,
  { port = 0, faults = {} }: { port?: number; faults?: RegistryFaults } = {},
): Promise<TestRegistry> {
  const shelf = fillShelf(models);
  const asked: TestRegistry['asked'] = [];
  const ranges: string[] = [];
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://registry').pathname;
    asked.push({ method: request.method ?? '', path });
    void answer({ request, response, path, shelf, faults, ranges });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const bound = portOf(server);
  const host = `127.0.0.1:${bound}`;
  return {
    port: bound,
    host,
    faults,
    asked,
    ranges,
    name: (model = 'tiny:latest') => `http://${host}/library/${model}`,
    listed: (model = 'tiny:latest') => `${host}/library/${model}`,
    async close() {
      server.close();
      server.closeAllConnections();
      if (server.listening) await once(server, 'close');
    },
  };
}

type Shelf = { readonly blobs: Map<string, Blob>; readonly manifests: Map<string, string> };

function fillShelf(models: Readonly<Record<string, Buffer>>): Shelf {
  const blobs = new Map<string, Blob>();
  const put = (data: Buffer, type: string) => {
    const digest = `sha256:${createHash('sha256').update(data).digest('hex')}`;
    blobs.set(digest, { data, isModel: type === `${mediaType}model` });
    return { mediaType: type, digest, size: data.length };
  };
  const manifests = Object.entries(models).map(([name, gguf]) => {
    const layers = [
      put(gguf, `${mediaType}model`),
      put(Buffer.from(JSON.stringify({ num_thread: 1 })), `${mediaType}params`),
    ];
    const facts = { model_format: 'gguf', model_family: 'llama', model_families: ['llama'], file_type: 'F16' };
    const rootfs = { type: 'layers', diff_ids: layers.map(({ digest }) => digest) };
    const config = Buffer.from(JSON.stringify({ ...facts, architecture: 'amd64', os: 'linux', rootfs }));
    return [
      name,
      JSON.stringify({
        schemaVersion: 2,
        mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
        config: put(config, 'application/vnd.docker.container.image.v1+json'),
        layers,
      }),
    ] as const;
  });
  return { blobs, manifests: new Map(manifests) };
}

type Asked = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
  readonly shelf: Shelf;
  readonly faults: RegistryFaults;
  readonly ranges: string[];
};

async function answer(asked: Asked): Promise<void> {
  const { request, response, path, shelf, faults } = asked;
  const manifest = /^\/v2\/library\/(?<model>[^/]+)\/manifests\/(?<tag>[^/]+)$/.exec(path)?.groups;
  if (manifest !== undefined) {
    const found = shelf.manifests.get(`${manifest['model']}:${manifest['tag']}`);
    if (faults.manifestStatus !== undefined) return refuse(response, faults.manifestStatus);
    if (found === undefined) return refuse(response, 404);
    response.writeHead(200, { 'content-type': 'application/vnd.docker.distribution.manifest.v2+json' });
    response.end(found);
    return;
  }
  const digest = /(sha256:[0-9a-f]{64})$/.exec(path)?.[1] ?? '';
  const blob = shelf.blobs.get(digest);
  if (blob === undefined) return refuse(response, 404);
  if (path.startsWith('/data/')) return sendBlob(asked, blob);
  if (request.method === 'HEAD') response.writeHead(200, { 'content-length': blob.data.length });
  // Ollama follows such a redirect to where the bytes are, and fails without one.
  else response.writeHead(307, { location: `http://localhost:${request.socket.localPort}/data/${digest}` });
  response.end();
}

async function sendBlob({ request, response, faults, ranges }: Asked, { data, isModel }: Blob): Promise<void> {
  const { from, to } = rangeOf(request.headers.range, data.length);
  if (isModel) ranges.push(`${from}-`);
  const body = Buffer.from(data.subarray(from, to + 1));
  if (isModel && faults.corrupt === true && from === 0) body[0] = (body[0] ?? 0) ^ 0xff;
  const range = { 'content-range': `bytes ${from}-${to}/${data.length}` };
  response.writeHead(206, { 'content-length': body.length, ...range });
  const step = faults.bytesPerSecond === undefined ? 65_536 : Math.ceil(faults.bytesPerSecond / 20);
  for (let at = 0; at < body.length && !response.destroyed; at += step) {
    if (isModel && mustCut(faults, from + at)) return void response.destroy();
    response.write(body.subarray(at, at + step));
    await sleep(faults.bytesPerSecond === undefined ? 0 : 50);
  }
  response.end();
}

/** The model server always asks for a range. */
function rangeOf(header: string | undefined, length: number): { from: number; to: number } {
  const [, start = '0', end] = /^bytes=(\d+)-(\d+)?$/.exec(header ?? '') ?? [];
  return { from: Number(start), to: end === undefined ? length - 1 : Math.min(Number(end), length - 1) };
}

function mustCut(faults: RegistryFaults, sent: number): boolean {
  const { cutAfter, cuts = 0 } = faults;
  if (cutAfter === undefined || cuts === 0 || sent < cutAfter) return false;
  faults.cuts = cuts - 1;
  return true;
}

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ errors: [{ code: 'REFUSED', message: 'refused' }] }));
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
