import { TalosError } from '../errors.ts';
import type { Config } from './parse.ts';

/** Longest TALOS_HOME in bytes: a Unix socket path below it must stay under the kernel's 108. */
const maxHomeBytes = 85;

/** Where everything lies below TALOS_HOME. */
export function homePaths(config: Pick<Config, 'home'>) {
  const home = config.home.dir;
  if (new TextEncoder().encode(home).length > maxHomeBytes) {
    throw new TalosError(
      'CONFIG_INVALID',
      `TALOS_HOME is longer than ${maxHomeBytes} bytes, too long for a Unix socket; choose a shorter path, for example TALOS_HOME=~/talos`,
      {
        details: { field: 'TALOS_HOME' },
      },
    );
  }
  return {
    home,
    envFile: `${home}/config/talos.env`,
    nodeKey: `${home}/keys/node.key`,
    audit: `${home}/logs/tier1`,
    operations: `${home}/logs/tier2`,
    debug: `${home}/logs/tier3`,
    run: `${home}/run`,
    redisSocket: `${home}/run/redis.sock`,
    apiSocket: `${home}/run/api.sock`,
    supervisorState: `${home}/run/supervisor.json`,
    sandboxProof: `${home}/run/sandbox-proof.json`,
    lockdown: `${home}/data/lockdown.json`,
    redisData: `${home}/data/redis`,
    chromaData: `${home}/data/chromadb`,
    temporalData: `${home}/data/temporal`,
    ollamaData: `${home}/data/ollama`,
    skills: `${home}/skills`,
    images: `${home}/data/images`,
    reports: `${home}/data/reports`,
    secrets: `${home}/config/secrets.env`,
    grants: `${home}/config/grants.json`,
    tmp: `${home}/tmp`,
  };
}

export type HomePaths = ReturnType<typeof homePaths>;

/** Addresses of the engines: the configured ones, else where Talos starts its own. */
export type EngineAddresses = {
  /** host:port of Temporal's gRPC frontend. */
  readonly temporal: string;
  /** redis://, rediss:// or unix://<socket path>. */
  readonly redis: string;
  readonly chroma: string;
  readonly ollama: string;
};

export function engineAddresses(config: Config): EngineAddresses {
  return {
    temporal: config.temporal.address ?? `127.0.0.1:${config.ports.temporal}`,
    redis: config.redis.url ?? `unix://${homePaths(config).redisSocket}`,
    chroma: config.chroma.url ?? `http://127.0.0.1:${config.ports.chroma}`,
    ollama: config.models.ollamaUrl ?? `http://127.0.0.1:${config.ports.ollama}`,
  };
}
