import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { type Duplex, Transform } from 'node:stream';

import type { Ledger } from './ledger.ts';
import type { Keeper } from './keeper.ts';
import type { Upstream } from './upstream.ts';

export type AttachDeps = { readonly upstream: Upstream; readonly ledger: Ledger; readonly keeper: Keeper };

/** The caller's end: its connection, what it sent behind the headers, and how much of that is the body. */
export type Caller = { readonly socket: Duplex; readonly head: Buffer; readonly bodyBytes: number };

const upgraded =
  'HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n';

/**
 * Joins a caller to the standard streams of a container; resolves with the status. The container lives as long as the caller stays: when
 * the caller is gone, also by being killed, the container is removed.
 */
export async function attach(id: string, caller: Caller, deps: AttachDeps): Promise<number> {
  const { socket } = caller;
  const opened = await openStreams(id, deps.upstream);
  if ('status' in opened) return opened.status;
  if (socket.destroyed) {
    opened.stream.destroy();
    await deps.keeper.remove(id, 'its caller is gone');
    return 499;
  }
  join(id, { caller, engine: opened }, deps);
  return 101;
}

type Opened = { readonly stream: Socket; readonly head: Buffer };

/** Raw bytes flow only after the engine itself has said 101. */
function openStreams(id: string, upstream: Upstream): Promise<Opened | { readonly status: number }> {
  const request = upstream.upgrade(`/containers/${id}/attach?stream=true&stdin=true&stdout=true&stderr=true`);
  return new Promise((resolve, reject) => {
    request.on('error', reject);
    request.on('response', (reply: IncomingMessage) => {
      reply.resume();
      resolve({ status: reply.statusCode === undefined || reply.statusCode < 300 ? 502 : reply.statusCode });
    });
    request.on('upgrade', (_reply, stream, head) => resolve({ stream, head }));
    request.end();
  });
}

function join(id: string, { caller, engine }: { caller: Caller; engine: Opened }, deps: AttachDeps): void {
  const { socket } = caller;
  let over = false;
  const whenGone = (): void => {
    if (over) return;
    over = true;
    engine.stream.destroy();
    socket.destroy();
    deps.ledger.ended(id);
    void deps.keeper.remove(id, 'its caller is gone');
  };
  const whenEnded = (): void => {
    if (over) return;
    over = true;
    deps.ledger.ended(id);
    socket.end();
  };
  engine.stream.on('end', whenEnded).on('error', whenEnded).on('close', whenEnded);
  socket.on('end', whenGone).on('error', whenGone).on('close', whenGone);
  socket.write(upgraded);
  socket.write(engine.head);
  if (caller.head.length > 0) socket.unshift(caller.head);
  engine.stream.pipe(socket, { end: false });
  socket.pipe(dropFirst(caller.bodyBytes)).pipe(engine.stream);
}

/** Leaves the first bytes out: clients send their options as a body, which is no input of the container. */
function dropFirst(count: number): Transform {
  let left = count;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const dropped = Math.min(left, chunk.length);
      left -= dropped;
      done(null, chunk.subarray(dropped));
    },
  });
}
