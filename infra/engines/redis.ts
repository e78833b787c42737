import { mkdirSync } from 'node:fs';

import type { Config } from '../../domain/config/parse.ts';
import { engineAddresses, homePaths } from '../../domain/config/paths.ts';
import { TalosError } from '../../domain/errors.ts';
import { replaceWhole } from '../files.ts';
import { askProgram, findProgram } from '../run-command.ts';
import { installCommand, installPackages } from './apt.ts';
import type { ChildSpec, Engine, EngineLocation } from './engine.ts';
import { askEviction, pingRedis } from './redis-ping.ts';
import { withTeller } from './teller.ts';
import { formatVersion, isAtLeast, parseVersion } from './version.ts';
import type { Version } from './version.ts';

/** The oldest server that speaks what Talos asks of it; Valkey began at 7.2. */
const oldest: Version = [6, 0, 0];
const programs = ['redis-server', 'valkey-server'];

/** Redis, or Valkey, on a Unix socket of its own. It comes from the system: neither offers programs to fetch. */
export const redis: Engine = {
  name: 'redis',
  version: formatVersion(oldest),
  required: true,

  async locate(config): Promise<EngineLocation> {
    if (config.redis.url !== undefined) return { kind: 'external', address: withoutPassword(config.redis.url) };
    for (const name of programs) {
      const program = await findProgram(name);
      const version =
        program === undefined ? undefined : parseVersion((await askProgram(program, ['--version'])) ?? '');
      if (program !== undefined && version !== undefined && isAtLeast(version, oldest)) {
        return { kind: 'path', program, version: formatVersion(version) };
      }
    }
    return { kind: 'missing', reason: 'neither redis-server (6 or newer) nor valkey-server is installed' };
  },

  async get(config, options): Promise<EngineLocation> {
    const present = await redis.locate(config);
    if (present.kind !== 'missing') return present;
    const isInstalled = await withTeller('redis', options, (step) => installPackages(['redis-server'], step));
    const location = await redis.locate(config);
    if (isInstalled && location.kind !== 'missing') return location;
    throw await missing();
  },

  async child(config, { program }): Promise<ChildSpec> {
    const paths = homePaths(config);
    for (const folder of [paths.redisData, paths.run]) mkdirSync(folder, { recursive: true, mode: 0o700 });
    await assertNobodyAnswers(paths.redisSocket);
    const file = `${paths.redisData}/redis.conf`;
    replaceWhole(file, redisConfig(config), 0o600);
    return {
      name: 'redis',
      // The path itself it takes for a pattern: with a [ or ? in it, it would find nothing and run as it does by default, on a port.
      command: '/bin/sh',
      args: ['-c', 'exec "$0" - <"$1"', program, file],
      env: {},
      cwd: paths.redisData,
      stopSignal: 'SIGTERM',
      stopGraceMs: 10_000,
      readyTimeoutMs: 120_000, // it reads the whole append-only file first, and answers LOADING meanwhile
      ready: async (signal) => (await pingRedis(`unix://${paths.redisSocket}`, signal)) >= 0,
    };
  },

  check: (config, signal) => pingRedis(engineAddresses(config).redis, signal),

  async findFault(config, signal) {
    const policy = await askEviction(engineAddresses(config).redis, signal);
    if (policy === undefined) return undefined;
    return {
      detail: `drops keys when its memory is full (${policy}): lockdown, codes and strikes could vanish`,
      fix: 'set maxmemory-policy noeviction in that Redis',
    };
  },
};

/**
 * Redis takes over the socket of another one and would write into the same files beside it. One can be left where the supervisor and its
 * guard were both killed; no port tells of it. Fails with PORT_IN_USE.
 */
async function assertNobodyAnswers(socket: string): Promise<void> {
  try {
    await pingRedis(`unix://${socket}`, AbortSignal.timeout(1000));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ECONNREFUSED') return;
  }
  const fix = `redis-cli -s '${socket.replaceAll("'", String.raw`'\''`)}' shutdown`;
  const message = `Another Redis still answers at ${socket}, left by an earlier Talos; two of them would spoil the data. Stop it with: ${fix}`;
  throw new TalosError('PORT_IN_USE', message, { details: { engine: 'redis', fix } });
}

/** The configuration file of a Redis that only this user reaches and that keeps what it acknowledged, but for the last second. */
export function redisConfig(config: Config): string {
  const paths = homePaths(config);
  const settings = {
    port: '0',
    unixsocket: quoted(paths.redisSocket),
    unixsocketperm: '700',
    dir: quoted(paths.redisData),
    appendonly: 'yes',
    appendfsync: 'everysec',
    save: '""',
    maxmemory: String(config.redis.maxMemoryBytes),
    'maxmemory-policy': config.redis.maxMemoryPolicy,
    daemonize: 'no',
    logfile: '""',
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} ${value}`);
  return `# Written by Talos at every start; changes are lost.\n${lines.join('\n')}\n`;
}

/** Redis reads quoted values with backslash escapes. */
function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, (character) => `\\${character}`)}"`;
}

async function missing(): Promise<TalosError> {
  const fix = await installCommand({
    apt: 'redis-server',
    dnf: 'valkey',
    pacman: 'valkey',
    zypper: 'redis7',
    apk: 'redis',
    brew: 'redis',
  });
  return new TalosError(
    'ENGINE_MISSING',
    `Redis is not installed and Talos may not install it here; run: ${fix}   (or set REDIS_URL to a Redis you run)`,
    { details: { engine: 'redis', fix } },
  );
}

function withoutPassword(url: string): string {
  return url.replace(/^(rediss?:\/\/).*@/, '$1'); // a password may hold what ends one elsewhere
}
