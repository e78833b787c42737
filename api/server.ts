import { createServer, type IncomingMessage, type Server, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

import type { Config } from '../domain/config/parse.ts';
import { homePaths } from '../domain/config/paths.ts';
import { TalosError } from '../domain/errors.ts';
import type { ApiApp } from './app.ts';
import type { Caller } from './caller.ts';
import type { ApiDeps } from './deps.ts';
import { listenOnPort, listenOnSocket } from './listen.ts';
import { sendProblem } from './problem.ts';

/** A running API. */
export type ApiServer = {
  /** The TCP port it listens on. */
  readonly port: number;
  /** Takes nothing new, ends streams, lets running requests finish, and cuts what is left after 15 s. */
  close(): Promise<void>;
};

type ServerOptions = {
  readonly app: ApiApp;
  readonly deps: Pick<ApiDeps, 'logger'>;
  readonly config: Pick<Config, 'web' | 'ports' | 'home'>;
  /** When a shutdown makes waiting requests answer, and when it cuts them. */
  readonly drain?: { readonly answerMs: number; readonly cutMs: number };
};

const defaultDrain = { answerMs: 12_000, cutMs: 15_000 };

/** A client that takes longer to send its request is cut off. */
const timeouts = { headersTimeout: 10_000, requestTimeout: 30_000 };

/** Serves the app on the configured port and, for the owner, on a Unix socket. Fails with PORT_IN_USE or ALREADY_RUNNING. */
export async function startServer({ app, deps, config, drain = defaultDrain }: ServerOptions): Promise<ApiServer> {
  const closing = new AbortController();
  const cutting = new AbortController();
  const signals = { closing: closing.signal, cutting: cutting.signal };
  const strangers = createListener(app, { isOwner: false, ...signals });
  const owner = createListener(app, { isOwner: true, ...signals });
  const port = await listenOnPort(strangers.server, config);
  try {
    await listenOnSocket(owner.server, homePaths(config).apiSocket);
  } catch (error) {
    strangers.server.close();
    throw error;
  }
  return {
    port,
    async close() {
      closing.abort();
      const ended = Promise.all([strangers.end(), owner.end()]);
      const timers = [
        setTimeout(() => cutting.abort(), drain.answerMs),
        setTimeout(() => {
          const cut = strangers.cut() + owner.cut();
          if (cut > 0) deps.logger.warn({ connections: cut }, 'connections cut at shutdown');
        }, drain.cutMs),
      ];
      await ended;
      timers.forEach(clearTimeout);
      await app.close();
    },
  };
}

function createListener(app: ApiApp, caller: Caller) {
  const connections = new Set<Socket>();
  const options = { ...timeouts, shouldUpgradeCallback: wantsWebSocket };
  const server = createServer(options, (request, response) => {
    request.caller = caller;
    if (caller.closing.aborted) refuse(request, response);
    else app(request, response);
  });
  server.on('connection', (socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });
  server.on('upgrade', (request, socket, head) => {
    request.caller = { ...caller, upgrade: { socket, head } };
    serveUpgrade(app, request, socket);
  });
  return {
    server,

    end: () => end(server),

    /** Returns how many connections were left. */
    cut(): number {
      const left = connections.size;
      for (const socket of connections) socket.destroy();
      return left;
    },
  };
}

/** Other protocols (curl offers HTTP/2) may be left unused, and then the request is like any other. */
function wantsWebSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket';
}

/** Runs an upgrade through the app like any request, so that the same checks hold; a refusal is an ordinary response. */
function serveUpgrade(app: ApiApp, request: IncomingMessage, socket: Duplex): void {
  if (!(socket instanceof Socket)) return void socket.destroy();
  socket.on('error', () => socket.destroy());
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  // A client that does not hang up itself would keep the connection, and the shutdown would wait for it.
  response.once('finish', () => socket.destroySoon());
  if (request.caller?.closing.aborted === true) refuse(request, response);
  else app(request, response);
}

function refuse(request: IncomingMessage, response: ServerResponse): void {
  const path = request.url?.split('?')[0] ?? '/';
  sendProblem(response, new TalosError('SHUTTING_DOWN', 'Talos is shutting down; try again when it is up.'), path);
}

function end(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}
