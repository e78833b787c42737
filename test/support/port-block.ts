import { createServer } from 'node:net';
import type { Server } from 'node:net';

const blockSize = 10;
/** No part of Talos takes the last port of a block: whoever listens there has the block, until its process ends. */
const claimOffset = blockSize - 1;
let next = 11_000 + (process.pid % 1000) * 2 * blockSize;

/** The first of nine free ports no other caller on this machine got, below those the system gives to outgoing connections. */
export async function freePortBlock(): Promise<number> {
  for (let tries = 0; tries < 100; tries += 1) {
    next = next + blockSize < 32_000 ? next + blockSize : 11_000;
    const first = next;
    const claim = await listen(first + claimOffset);
    if (claim === undefined) continue;
    const free = await Promise.all(Array.from({ length: claimOffset }, (_, offset) => isFree(first + offset)));
    if (free.every(Boolean)) return first;
    claim.close();
  }
  throw new Error('no block of ten free ports was found between 11000 and 32000');
}

async function isFree(port: number): Promise<boolean> {
  const server = await listen(port);
  if (server === undefined) return false;
  return new Promise((resolve) => server.close(() => resolve(true)));
}

/** Undefined where somebody else listens. It keeps no process alive. */
function listen(port: number): Promise<Server | undefined> {
  const server = createServer().unref();
  return new Promise((resolve) => {
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
