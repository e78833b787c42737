import { chmodSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

import type { Audit } from './audit.ts';
import { createImageList } from './image.ts';
import { createKeeper } from './keeper.ts';
import { createLedger, type LedgerLimits } from './ledger.ts';
import { createRate } from './rate.ts';
import { createProxyServer } from './server.ts';
import { createUpstream } from './upstream.ts';

export type ProxyOptions = {
  /** Path of the engine's own socket. */
  readonly engineSocket: string;
  /** Path of the socket this proxy makes; its owner and group may use it. */
  readonly listenSocket: string;
  /** Whose containers these are; proxies of one engine need different ones. */
  readonly owner: string;
  readonly audit: Audit;
  readonly limits?: Partial<LedgerLimits & ProxyRates>;
};

type ProxyRates = { readonly callsPerSecond: number; readonly callBurst: number; readonly lookEveryMs: number };

const defaults = {
  maxLive: 32,
  attachWithinMs: 15_000,
  keepEndedMs: 30_000,
  // The longest run takes 5 minutes; a warm container waits less than that for it.
  maxAgeMs: 900_000,
  callsPerSecond: 400,
  callBurst: 800,
  lookEveryMs: 2000,
} satisfies LedgerLimits & ProxyRates;

/** A running proxy. */
export type SocketProxy = { close(): Promise<void> };

/** Removes what an earlier proxy of this owner left, then listens. */
export async function startSocketProxy(options: ProxyOptions): Promise<SocketProxy> {
  const { owner, audit, listenSocket } = options;
  const limits = { ...defaults, ...options.limits };
  const now = (): number => performance.now();
  const upstream = createUpstream(options.engineSocket);
  const ledger = createLedger(limits, now);
  const keeper = createKeeper({ upstream, ledger, owner, audit, everyMs: limits.lookEveryMs });
  const mayCall = createRate({ perSecond: limits.callsPerSecond, burst: limits.callBurst }, now);
  const server = createProxyServer({
    upstream,
    ledger,
    keeper,
    owner,
    audit,
    mayCall,
    images: createImageList(upstream),
  });
  // The server lets go of the connections that were upgraded.
  const connections = new Set<Socket>();
  server.on('connection', (socket) => {
    connections.add(socket.on('close', () => connections.delete(socket)));
  });
  const close = async (): Promise<void> => {
    server.close();
    await keeper.close();
    for (const connection of connections) connection.destroy();
    upstream.close();
  };
  try {
    await removeStaleSocket(listenSocket);
    await keeper.sweep();
    // From its first moment on, nobody else may use the socket.
    const former = process.umask(0o117);
    server.listen(listenSocket);
    process.umask(former);
    await once(server, 'listening');
    chmodSync(listenSocket, 0o660);
  } catch (error) {
    await close();
    throw error;
  }
  return { close };
}

/** A socket file nobody listens on is left over from a process that was killed. */
async function removeStaleSocket(path: string): Promise<void> {
  const inUse = await new Promise<boolean>((resolve) => {
    const probe = connect(path, () => resolve(true));
    probe.on('error', () => resolve(false)).on('connect', () => probe.destroy());
  });
  if (inUse) throw new Error(`another process listens on ${path}`);
  rmSync(path, { force: true });
}
