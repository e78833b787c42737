import { createServer } from 'node:net';

const blockSize = 10;
let next = 11_000 + (process.pid % 1000) * 2 * blockSize;

/** The first of ten free ports no other caller in this process got, below those the system gives to outgoing connections. */
export async function freePortBlock(): Promise<number> {
  for (let tries = 0; tries < 100; tries += 1) {
    next = next + blockSize < 32_000 ? next + blockSize : 11_000;
    const first = next;
    const free = await Promise.all(Array.from({ length: blockSize }, (_, offset) => isFree(first + offset)));
    if (free.every(Boolean)) return first;
  }
  throw new Error('no block of ten free ports was found between 11000 and 32000');
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
