import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

const defaultPort = 6379;

/** Asks a Redis (redis://, rediss:// or unix://) for PONG and resolves with the round trip in ms; rejects with what it said instead. */
export async function pingRedis(url: string, signal: AbortSignal): Promise<number> {
  const startedAt = performance.now();
  await ask(url, [], signal);
  return performance.now() - startedAt;
}

/** By which policy a Redis drops keys when its memory is full; undefined where it drops none. */
export async function askEviction(url: string, signal: AbortSignal): Promise<string | undefined> {
  const facts = await ask(url, [['INFO', 'memory']], signal);
  const [, ceiling = '0'] = /^maxmemory:(\d+)/m.exec(facts) ?? [];
  const [, policy = 'noeviction'] = /^maxmemory_policy:([\w-]+)/m.exec(facts) ?? [];
  return ceiling === '0' || policy === 'noeviction' ? undefined : policy;
}

/** All it says until it answers a PING. */
async function ask(url: string, commands: readonly string[][], signal: AbortSignal): Promise<string> {
  signal.throwIfAborted();
  const { socket, credentials } = open(url);
  const signIn = credentials.length === 0 ? [] : [['AUTH', ...credentials]];
  try {
    return await exchange(socket, [...signIn, ...commands, ['PING']], signal);
  } finally {
    socket.destroy();
  }
}

function open(url: string): { socket: Socket; credentials: string[] } {
  if (url.startsWith('unix://')) {
    const path = url.slice('unix://'.length).replace(/\?db=\d+$/, ''); // a folder may have a ? in its name
    return { socket: connect({ path }), credentials: [] };
  }
  const { protocol, hostname, port, username, password } = new URL(url);
  const place = { host: hostname.replaceAll(/[[\]]/g, ''), port: Number(port) || defaultPort };
  const socket = protocol === 'rediss:' ? connectTls({ ...place, servername: place.host }) : connect(place);
  return { socket, credentials: [username, password].filter((part) => part !== '').map(decodeURIComponent) };
}

async function exchange(socket: Socket, commands: string[][], signal: AbortSignal): Promise<string> {
  return await new Promise<string>((resolve, reject) => {
    let heard = '';
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    socket.on('error', reject);
    socket.once('close', () => reject(new Error('the connection was closed')));
    socket.on('data', (chunk: Buffer) => {
      heard += chunk.toString('utf8');
      const replies = heard.split('\r\n').slice(0, -1);
      const refusal = replies.find((reply) => reply.startsWith('-'));
      if (refusal !== undefined) reject(new Error(refusal.slice(1)));
      else if (replies.includes('+PONG')) resolve(heard);
    });
    socket.write(commands.map(encode).join(''));
  });
}

/** A command in RESP: https://redis.io/docs/latest/develop/reference/protocol-spec/ */
function encode(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;
}
