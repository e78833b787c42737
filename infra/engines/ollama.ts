import { existsSync, mkdirSync } from 'node:fs';

import type { Config } from '../../domain/config/parse.ts';
import { engineAddresses, homePaths } from '../../domain/config/paths.ts';
import { TalosError } from '../../domain/errors.ts';
import { withoutPassword } from '../../domain/models/choose.ts';
import { askProgram, findProgram } from '../run-command.ts';
import { findCached, installWhole } from './cache.ts';
import type { Workplace } from './cache.ts';
import type { ChildSpec, Engine, EngineLocation } from './engine.ts';
import { probeHttp } from './http-probe.ts';
import { buildOllama } from './ollama-source.ts';
import { fetchRelease } from './release.ts';
import type { Release } from './release.ts';
import { withTeller } from './teller.ts';
import type { Step } from './teller.ts';
import { formatVersion, isAtLeast, parseVersion } from './version.ts';
import type { Version } from './version.ts';

const edition = { name: 'ollama', version: '0.32.15' } as const;
/** The oldest that tells a model's thinking from its answer. One built by hand calls itself 0.0.0 and may lack its runners. */
const oldest: Version = [0, 9, 0];

/** Ollama, which runs local models. Talos starts without it. */
export const ollama: Engine = {
  ...edition,
  required: false,

  async locate(config): Promise<EngineLocation> {
    if (config.models.ollamaUrl !== undefined) {
      return { kind: 'external', address: withoutPassword(config.models.ollamaUrl) };
    }
    const program = await findProgram('ollama');
    const version = program === undefined ? undefined : await clientVersion(program);
    if (program !== undefined && version !== undefined && isAtLeast(version, oldest)) {
      return { kind: 'path', program, version: formatVersion(version) };
    }
    return (
      findCached(config, edition) ?? { kind: 'missing', reason: 'neither on the PATH (0.9 or newer) nor fetched yet' }
    );
  },

  get: (config, options) =>
    withTeller('ollama', options, (step) =>
      installWhole(config, { edition, ...step }, (place) => fill(config, place, step)),
    ),

  async child(config, { program }): Promise<ChildSpec> {
    const models = config.models.ollamaModelsDir ?? homePaths(config).ollamaData;
    mkdirSync(models, { recursive: true, mode: 0o700 });
    const address = `127.0.0.1:${config.ports.ollama}`;
    return {
      name: 'ollama',
      command: program,
      args: ['serve'],
      env: {
        OLLAMA_HOST: address,
        OLLAMA_MODELS: models,
        OLLAMA_KEEP_ALIVE: '10m',
        OLLAMA_NO_CLOUD: '1',
        OLLAMA_NOPRUNE: '1', // what no model names yet may be an upload that is about to be used
      },
      stopSignal: 'SIGTERM',
      stopGraceMs: 10_000,
      readyTimeoutMs: 60_000,
      ready: async (signal) => (await probeHttp(`http://${address}/api/version`, signal)) >= 0,
    };
  },

  check: (config, signal) => probeHttp(`${engineAddresses(config).ollama.replace(/\/$/, '')}/api/version`, signal),
};

/** It prints the version of a server that happens to run, too. */
async function clientVersion(program: string): Promise<Version | undefined> {
  const text = (await askProgram(program, ['--version'])) ?? '';
  return parseVersion(text.split('client version is')[1] ?? text);
}

async function fill(config: Config, place: Workplace, step: Step): Promise<string> {
  const refusal = await fetchRelease(releaseFor(config), place, step);
  const fetched = existsSync(`${place.whole}/bin/ollama`) ? 'bin/ollama' : 'ollama';
  const program = refusal === undefined ? fetched : await buildOllama({ edition, refusal }, place, step);
  if ((await askProgram(`${place.whole}/${program}`, ['--version'])) !== undefined) return program;
  throw new TalosError('DOWNLOAD_FAILED', `Ollama ${edition.version} was brought but does not run on this machine`);
}

function releaseFor(config: Config): Release {
  return {
    engine: 'ollama',
    address: `${config.downloads.ollama}/v${edition.version}`,
    checksums: 'sha256sum.txt',
    archive: archiveFor(process.platform, process.arch),
    timeoutMs: config.downloads.timeoutSeconds * 1000,
  };
}

/** The official archive for a machine, undefined where there is none. */
export function archiveFor(platform: string, arch: string): string | undefined {
  if (platform === 'darwin') return 'ollama-darwin.tgz';
  const machine = { x64: 'amd64', arm64: 'arm64' }[arch];
  return platform === 'linux' && machine !== undefined ? `ollama-linux-${machine}.tar.zst` : undefined;
}
