import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { connectRedis, type RedisConnections } from '../../../adapters/redis.ts';
import type { TalosError } from '../../../domain/errors.ts';

/** A prefix no other test has. */
export function randomPrefix(): string {
  return `test-${randomBytes(6).toString('hex')}:`;
}

/** Connections with keys of their own, all removed on `close`. */
export function connectTestRedis(url: string): RedisConnections {
  const redis = connectRedis({ url, keyPrefix: randomPrefix() });
  return {
    ...redis,
    async close() {
      const keys = await redis.call((c) => c.keys(`${redis.keys.prefix}*`));
      if (keys.length > 0) await redis.call((c) => c.del(...keys));
      await redis.close();
    },
  };
}

/** A Redis of the test's own, on a Unix socket, that may be killed and started again. */
export type OwnRedis = {
  readonly url: string;
  start(): Promise<void>;
  kill(signal: NodeJS.Signals): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  close(): Promise<void>;
};

/** Starts one; `options` are further options of redis-server. */
export async function startOwnRedis(...options: string[]): Promise<OwnRedis> {
  const dir = await mkdtemp(join(tmpdir(), 'talos-redis-'));
  const socket = join(dir, 'redis.sock');
  let child: ChildProcess;

  async function start() {
    const fixed = ['--port', '0', '--unixsocket', socket, '--dir', dir, '--appendonly', 'yes', '--save', ''];
    child = spawn('redis-server', [...fixed, '--appendfsync', 'everysec', ...options], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    for await (const line of child.stdout ?? []) if (/ready to accept connections/i.test(String(line))) break;
    child.stdout?.resume();
  }

  async function kill(signal: NodeJS.Signals) {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  await start();
  return {
    url: `unix://${socket}`,
    start,
    kill,
    signal: (signal) => void child.kill(signal),
    async close() {
      await kill('SIGKILL');
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** The code a promise fails with. */
export async function failureCode(work: Promise<unknown>): Promise<TalosError['code'] | undefined> {
  return work.then(
    () => undefined,
    (error: TalosError) => error.code,
  );
}

/** Collects the first `count` items, or all when it ends before. */
export async function take<T>(items: AsyncIterable<T>, count = Infinity): Promise<T[]> {
  const taken: T[] = [];
  for await (const item of items) {
    taken.push(item);
    if (taken.length >= count) break;
  }
  return taken;
}
