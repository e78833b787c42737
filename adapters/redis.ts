import { Redis, type RedisOptions } from 'ioredis';

import { storeUnavailable, toStoreError } from './redis-errors.ts';
import { createGate } from './redis-gate.ts';
import { redisKeys, type RedisKeys } from './redis-keys.ts';
import { type RedisScript, runScript, type ScriptInput } from './redis-script.ts';
import { createWakeUps, type WakeUps } from './redis-wake-ups.ts';

/** A process' way to Redis: one connection for commands and, once somebody follows a stream, one that listens. */
export type RedisConnections = {
  readonly commands: Redis;
  readonly subscriber: Redis;
  readonly keys: RedisKeys;
  readonly wakeUps: WakeUps;
  /** Runs commands. Rejects with a TalosError, with STORE_UNAVAILABLE within about two seconds while Redis is away. */
  readonly call: <T>(work: (commands: Redis) => Promise<T>) => Promise<T>;
  /** Runs a script; fails like `call`. */
  readonly run: (script: RedisScript, input: ScriptInput) => Promise<unknown>;
  ping(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
};

type ConnectOptions = {
  /** redis://, rediss:// or unix://<path>, the last with ?db=<n> where wanted. */
  readonly url: string;
  /** Put before every key and channel. */
  readonly keyPrefix?: string;
  /** Hears every failure to connect; the connections go on trying by themselves. */
  readonly onError?: (error: Error) => void;
};

/** How long a command waits for a connection, and then for its answer. */
const commandWaitMs = 2000;

/** A health check must not wait that long. */
const pingWaitMs = 1000;

/** Opens the connections in the background; Redis may come later. */
export function connectRedis({ url, keyPrefix = 'talos:', onError }: ConnectOptions): RedisConnections {
  const keys = redisKeys(keyPrefix);
  const commands = new Redis(connectionOptions(url));
  const subscriber = new Redis({ ...connectionOptions(url), lazyConnect: true, autoResubscribe: false });
  for (const client of [commands, subscriber]) client.on('error', (error: Error) => onError?.(error));
  const line = commandLine(commands);
  const wakeUps = createWakeUps({ subscriber, commands, channel: keys.wakeUps, waitMs: commandWaitMs });

  return {
    commands,
    subscriber,
    keys,
    wakeUps,
    call: line.call,
    run: (script, input) => line.call((client) => runScript(client, script, input)),
    async ping(signal) {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(pingWaitMs)]);
      await line.connected({ waitMs: pingWaitMs, signal: limit });
      await Promise.race([line.call((client) => client.ping()), aborted(limit)]);
    },
    async close() {
      wakeUps.close();
      line.close();
      subscriber.disconnect();
      if (commands.status === 'ready') await commands.quit().catch(() => undefined); // a dead server needs no farewell
      commands.disconnect();
    },
  };
}

/** Sends commands over a connection that comes and goes. */
function commandLine(commands: Redis) {
  const open = createGate();
  const gone = createGate();
  let lastError: Error | undefined;
  let isClosed = false;
  commands.on('error', (error: Error) => {
    lastError = error;
  });
  commands.on('ready', () => {
    lastError = undefined;
    gone.shut();
    open.open();
  });
  commands.on('close', () => {
    open.shut();
    gone.open();
  });

  async function connected(limit: { waitMs: number; signal?: AbortSignal }): Promise<Redis> {
    if (open.isOpen || (!isClosed && (await open.pass(limit)))) return commands;
    throw storeUnavailable(lastError);
  }

  async function call<T>(work: (commands: Redis) => Promise<T>): Promise<T> {
    try {
      return await work(await connected({ waitMs: commandWaitMs }));
    } catch (thrown) {
      if (!wasNeverSent(thrown)) throw toStoreError(thrown);
    }
    // The socket is dead and the client is about to notice.
    await gone.pass({ waitMs: commandWaitMs });
    try {
      return await work(await connected({ waitMs: commandWaitMs }));
    } catch (thrown) {
      throw toStoreError(thrown);
    }
  }

  return {
    connected,
    call,
    close: () => {
      isClosed = true;
    },
  };
}

/**
 * No command waits inside the client or is sent a second time: one whose caller was told it failed must not take
 * effect minutes later.
 */
function connectionOptions(url: string): Omit<RedisOptions, 'replyMapping'> {
  return {
    ...address(url),
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    connectTimeout: commandWaitMs,
    commandTimeout: commandWaitMs,
    // A connection whose other end vanished without a word is given up.
    socketTimeout: 2 * commandWaitMs,
    retryStrategy: (times) => Math.min(25 * 2 ** Math.min(times, 6), 1000),
  };
}

function address(url: string): Omit<RedisOptions, 'replyMapping'> {
  const socket = /^unix:\/\/(?<path>.+?)(?:\?db=(?<db>\d+))?$/.exec(url)?.groups;
  if (socket !== undefined) return { path: socket['path'] ?? '', db: Number(socket['db'] ?? 0) };
  const { protocol, hostname, port, username, password, pathname } = new URL(url);
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? 6379 : Number(port),
    db: Number(pathname.slice(1)),
    ...(username !== '' && { username: decodeURIComponent(username) }),
    ...(password !== '' && { password: decodeURIComponent(password) }),
    ...(protocol === 'rediss:' && { tls: {} }),
  };
}

/** The client refuses a command without sending it when the socket cannot be written to. */
function wasNeverSent(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.message.startsWith("Stream isn't writeable");
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const refuse = () => reject(storeUnavailable(signal.reason));
    if (signal.aborted) refuse();
    else signal.addEventListener('abort', refuse, { once: true });
  });
}
