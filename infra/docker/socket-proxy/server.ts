import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

import { type Answer, refusal } from './answer.ts';
import { attach } from './attach.ts';
import type { Audit } from './audit.ts';
import { handle, type HandlerDeps, refuseForeign } from './handler.ts';
import { asksForStream, bodyLength, findFault, readBody } from './read-request.ts';
import { findRoute, type Route } from './route.ts';

export type ServerDeps = HandlerDeps & {
  readonly audit: Audit;
  /** Whether one more call, of any kind, may pass now. */
  readonly mayCall: () => boolean;
};

/** Nothing a caller sends takes longer; answers may. */
const receiveMs = 10_000;

/** The front of the proxy: looks at every request, passes on what is allowed in words of its own, writes every decision down. */
export function createProxyServer(deps: ServerDeps): Server {
  const server = createServer({
    headersTimeout: receiveMs,
    requestTimeout: receiveMs,
    connectionsCheckingInterval: 1000,
    maxHeaderSize: 8192,
    insecureHTTPParser: false,
    // Looked at with the other headers, so that a missing one is written down, too.
    requireHostHeader: false,
  });
  server.maxConnections = 256;
  const busy = new WeakSet<Duplex>();
  const answerPlain = (request: IncomingMessage, response: ServerResponse): void => {
    const { socket } = request;
    if (busy.has(socket)) return refusePipelined(request, deps.audit);
    busy.add(socket);
    response.on('close', () => busy.delete(socket));
    void answerRequest(request, response, deps);
  };
  server.on('request', answerPlain);
  server.on('checkContinue', answerPlain);
  server.on('checkExpectation', answerPlain);
  server.on('upgrade', (request, socket, head) => {
    if (busy.has(socket)) return refusePipelined(request, deps.audit);
    void answerUpgrade(request, { socket, head }, deps);
  });
  server.on('connect', (request, socket) => {
    socket.on('error', () => socket.destroy());
    const answer = refusal('CONNECT is not taken');
    takeDown(request, answer, deps.audit);
    endRaw(socket, answer);
  });
  server.on('clientError', (error, socket) => {
    deps.audit({ decision: 'refused', call: 'unreadable', status: 400, reason: error.message });
    socket.on('error', () => socket.destroy());
    if (socket.writable) endRaw(socket, { status: 400 });
  });
  return server;
}

/** One call at a time on a connection: what comes behind an unanswered one may be meant to be hidden in it. */
function refusePipelined(request: IncomingMessage, audit: Audit): void {
  takeDown(request, refusal('a call came before the last one was answered'), audit);
  request.socket.destroySoon();
}

async function answerRequest(request: IncomingMessage, response: ServerResponse, deps: ServerDeps): Promise<void> {
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  request.on('error', () => undefined); // the caller is gone; `close` follows
  const answer = await decide(request, gone.signal, deps).catch(failed);
  takeDown(request, answer, deps.audit);
  if (response.destroyed) return;
  const text = answer.body === undefined ? '' : JSON.stringify(answer.body);
  const refused = answer.reason !== undefined;
  response.writeHead(answer.status, {
    // 204 has no body, not even an empty one.
    ...(answer.status === 204 ? {} : { 'content-length': Buffer.byteLength(text), 'content-type': 'application/json' }),
    ...(refused ? { connection: 'close' } : {}),
  });
  response.end(text);
}

async function decide(request: IncomingMessage, signal: AbortSignal, deps: ServerDeps): Promise<Answer> {
  const route = admit(request, deps);
  if ('status' in route) return route;
  if (route.kind === 'attach') return refusal('attach needs Upgrade: tcp');
  const body = await readBody(request);
  return handle(route, body, { signal, deps });
}

/** The route of a request that may pass, else the refusal. */
function admit(request: IncomingMessage, deps: ServerDeps): Route | Answer {
  if (!deps.mayCall()) return refusal('too many calls', 429);
  const fault = findFault(request);
  if (fault !== undefined) return refusal(fault);
  const route = findRoute(request.method, request.url);
  if (route === undefined) return refusal('this call is not on the list');
  return refuseForeign(route, deps) ?? route;
}

type Connection = { readonly socket: Duplex; readonly head: Buffer };

async function answerUpgrade(request: IncomingMessage, { socket, head }: Connection, deps: ServerDeps): Promise<void> {
  socket.on('error', () => socket.destroy());
  const caller = { socket, head, bodyBytes: bodyLength(request) };
  const answer = await decideUpgrade(request, caller, deps).catch(failed);
  takeDown(request, answer, deps.audit);
  if (answer.status !== 101 && socket.writable) endRaw(socket, answer);
}

async function decideUpgrade(
  request: IncomingMessage,
  caller: Connection & { bodyBytes: number },
  deps: ServerDeps,
): Promise<Answer> {
  const route = admit(request, deps);
  if ('status' in route) return route;
  if (route.kind !== 'attach' || !asksForStream(request)) return refusal('only attach may be upgraded, to tcp');
  if (!deps.ledger.attach(route.id)) return refusal('somebody is attached to this container already');
  let status = 502;
  try {
    status = await attach(route.id, caller, deps);
    return { status };
  } finally {
    if (status !== 101) deps.ledger.ended(route.id); // nobody will attach any more
  }
}

/** Says no on a connection the HTTP server has let go of. */
function endRaw(socket: Duplex, { status, body }: Answer): void {
  const text = body === undefined ? '' : JSON.stringify(body);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(text)}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${text}`);
}

function failed(error: unknown): Answer {
  return {
    status: 502,
    reason: String(error),
    body: { message: 'the socket proxy cannot speak to the Docker engine' },
  };
}

function takeDown({ method = '', url = '' }: IncomingMessage, { status, reason }: Answer, audit: Audit): void {
  const decision = status === 502 ? 'failed' : reason === undefined ? 'allowed' : 'refused';
  audit({ decision, call: `${method} ${url}`, status, ...(reason === undefined ? {} : { reason }) });
}
