import { rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { connect, type ListenOptions } from 'node:net';

import type { Config } from '../domain/config/parse.ts';
import { TalosError } from '../domain/errors.ts';

/** Only the owner may open the socket: without a password it is as good as the owner's own. */
const ownerOnly = 0o177;

/** Listens on the configured address and port; returns the port. Fails with PORT_IN_USE. */
export async function listenOnPort(server: Server, config: Pick<Config, 'web' | 'ports'>): Promise<number> {
  const { port } = { port: config.ports.web };
  try {
    await listen(server, { host: config.web.bind, port });
  } catch (cause) {
    throw portError(cause, `${config.web.bind}:${port}`);
  }
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}

/** Listens on a Unix socket only this user may open. One that a killed process has left is removed; fails with ALREADY_RUNNING when it is in use. */
export async function listenOnSocket(server: Server, path: string): Promise<void> {
  if (await isInUse(path)) {
    throw new TalosError('ALREADY_RUNNING', `Another Talos answers on ${path}; stop it with: talos down`);
  }
  rmSync(path, { force: true });
  // The socket is made during the call, with the mode the mask leaves.
  const mask = process.umask(ownerOnly);
  try {
    const listening = listen(server, { path });
    process.umask(mask);
    await listening;
  } finally {
    process.umask(mask);
  }
}

function listen(server: Server, options: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function isInUse(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function portError(cause: unknown, address: string): TalosError {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'EADDRINUSE') {
    const text = `${address} is in use; stop what listens there, or set WEB_PORT or TALOS_PORT_BASE.`;
    return new TalosError('PORT_IN_USE', text, { cause });
  }
  return new TalosError('CONFIG_INVALID', `Talos cannot listen on ${address} (${String(code)}); check WEB_BIND.`, {
    cause,
    details: { field: 'WEB_BIND' },
  });
}
