import type { WebSocket } from 'ws';

import type { LogLine } from '../domain/log.ts';
import type { LogStream } from '../domain/ports.ts';
import { abortWhen } from './abort-when.ts';

/** What a client has not read yet; one that lets more pile up is dropped. */
const mostBufferedBytes = 1024 * 1024;

const pingMs = 30_000;

/** How long a client may take to close before the connection is cut. */
const closeGraceMs = 1000;

type Sending = {
  readonly follow: Omit<Parameters<LogStream['follow']>[0], 'signal'>;
  /** Aborts when the server shuts down. */
  readonly closing: AbortSignal;
};

/** Sends log lines until the client leaves, reads too slowly, stops answering pings, or the server shuts down. */
export async function sendLogs(socket: WebSocket, logs: LogStream, { follow, closing }: Sending): Promise<void> {
  const gone = new AbortController();
  const { signal, release } = abortWhen([gone.signal, closing]);
  const stopPings = keepAlive(socket);
  socket.once('close', () => gone.abort());
  socket.on('error', () => socket.terminate()); // a broken frame: `close` follows
  try {
    for await (const line of logs.follow({ ...follow, signal })) {
      if (!sendLine(socket, line)) return;
    }
    close(socket, closing.aborted ? 1001 : 1000);
  } catch {
    close(socket, 1011); // the store is away; the log of this failure could not be sent either
  } finally {
    release();
    stopPings();
  }
}

/** False once the client is too far behind; it is dropped then. */
function sendLine(socket: WebSocket, line: LogLine): boolean {
  if (socket.readyState !== socket.OPEN) return false;
  if (socket.bufferedAmount > mostBufferedBytes) {
    socket.terminate();
    return false;
  }
  socket.send(JSON.stringify(line));
  return true;
}

function keepAlive(socket: WebSocket): () => void {
  let isAlive = true;
  socket.on('pong', () => {
    isAlive = true;
  });
  const timer = setInterval(() => {
    if (!isAlive) return socket.terminate();
    isAlive = false;
    socket.ping();
  }, pingMs);
  return () => clearInterval(timer);
}

function close(socket: WebSocket, code: number): void {
  socket.close(code);
  const timer = setTimeout(() => socket.terminate(), closeGraceMs);
  socket.once('close', () => clearTimeout(timer));
}
