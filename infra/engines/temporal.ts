import { copyFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import type { Config } from '../../domain/config/parse.ts';
import { homePaths } from '../../domain/config/paths.ts';
import { TalosError } from '../../domain/errors.ts';
import { askProgram, findProgram, runCommand } from '../run-command.ts';
import { findCached, installWhole } from './cache.ts';
import type { Workplace } from './cache.ts';
import type { ChildSpec, Engine, EngineLocation } from './engine.ts';
import { findGo, runGo } from './go.ts';
import { fetchRelease } from './release.ts';
import type { Release } from './release.ts';
import { withTeller } from './teller.ts';
import type { Step } from './teller.ts';
import { prepareTemporalData, temporalDatabase } from './temporal-data.ts';
import { describeNamespace } from './temporal-rpc.ts';
import { formatVersion, isAtLeast, parseVersion } from './version.ts';

/** The version go.mod builds; a release of it is taken first. */
const edition = { name: 'temporal', version: '1.8.2' } as const;
const moduleFolder = fileURLToPath(new URL('../temporal', import.meta.url));
const retention = '720h'; // 30 days

const searchAttributes = ['TalosConversationId', 'TalosSkillId', 'TalosOutcome'];

/**
 * The first takes a message from 250 to 50 ms: a local server has one shard, polled 20 times a second by default. One partition to write
 * to makes priorities hold: a queue has four, and each puts only its own tasks in order. The last keeps the server from asking its makers
 * for newer versions: nothing leaves the machine unasked.
 */
const dynamicConfig = [
  'history.transferProcessorMaxPollRPS=1000',
  'history.timerProcessorMaxPollRPS=1000',
  'history.visibilityProcessorMaxPollRPS=200',
  'system.enableActivityEagerExecution=true',
  'matching.numTaskqueueWritePartitions=1',
  'frontend.enableServerVersionCheck=false',
];

/** The Temporal server with its Web UI: the local server of the Temporal command line. */
export const temporal: Engine = {
  ...edition,
  required: true,

  async locate(config): Promise<EngineLocation> {
    if (config.temporal.address !== undefined) return { kind: 'external', address: config.temporal.address };
    const program = await findProgram('temporal');
    const version = program === undefined ? undefined : parseVersion((await askProgram(program, ['--version'])) ?? '');
    if (program !== undefined && version !== undefined && version[0] === 1 && isAtLeast(version, [1, 8, 0])) {
      return { kind: 'path', program, version: formatVersion(version) };
    }
    return (
      findCached(config, edition) ?? { kind: 'missing', reason: 'neither on the PATH (1.8 or newer) nor fetched yet' }
    );
  },

  get: (config, options) =>
    withTeller('temporal', options, (step) =>
      installWhole(config, { edition, ...step }, (place) => fill(config, place, step)),
    ),

  async child(config, { program }): Promise<ChildSpec> {
    const { namespace } = config.temporal;
    return {
      name: 'temporal',
      command: program,
      args: serverArguments(config),
      env: {},
      cwd: prepareTemporalData(homePaths(config), await serverVersion(program)),
      stopSignal: 'SIGTERM',
      stopGraceMs: 10_000,
      readyTimeoutMs: 60_000,
      ready: async (signal) => (await describeNamespace(config, signal)) >= 0,
      async afterReady(signal) {
        const address = `127.0.0.1:${config.ports.temporal}`;
        const update = ['operator', 'namespace', 'update', '--namespace', namespace, '--retention', retention];
        const { code, tail } = await runCommand(program, [...update, '--address', address], { signal });
        if (code !== 0) throw new Error(`the retention of namespace ${namespace} was not set: ${tail.join('; ')}`);
      },
    };
  },

  check: describeNamespace,
};

async function fill(config: Config, place: Workplace, step: Step): Promise<string> {
  const refusal = await fetchRelease(releaseFor(config), place, step);
  const program = refusal === undefined ? 'temporal' : await build(place, step, refusal);
  if ((await askProgram(`${place.whole}/${program}`, ['--version'])) !== undefined) return program;
  throw new TalosError('DOWNLOAD_FAILED', `Temporal ${edition.version} was brought but does not run on this machine`);
}

function releaseFor(config: Config): Release {
  const { version } = edition;
  const machine = { x64: 'amd64', arm64: 'arm64' }[String(process.arch)];
  const isKnown = machine !== undefined && ['linux', 'darwin'].includes(process.platform);
  return {
    engine: 'temporal',
    address: `${config.downloads.temporal}/v${version}`,
    checksums: 'checksums.txt',
    archive: isKnown ? `temporal_cli_${version}_${process.platform}_${machine}.tar.gz` : undefined,
    timeoutMs: config.downloads.timeoutSeconds * 1000,
  };
}

async function build(place: Workplace, step: Step, refusal: string): Promise<string> {
  const go = await findGo();
  if ('lacking' in go) {
    throw new TalosError(
      'ENGINE_MISSING',
      `Temporal ${edition.version} could not be downloaded (${refusal}) and cannot be built here. Connect to the internet and try again, ` +
        `or install ${go.lacking}, or set TEMPORAL_ADDRESS to a Temporal server you run`,
      { details: { engine: 'temporal' } },
    );
  }
  for (const file of ['go.mod', 'go.sum']) await copyFile(`${moduleFolder}/${file}`, `${place.work}/${file}`);
  const stamp = `-s -w -X github.com/temporalio/cli/internal/temporalcli.Version=${edition.version}`;
  const source = 'github.com/temporalio/cli/cmd/temporal';
  const args = ['build', '-v', '-trimpath', '-ldflags', stamp, '-o', `${place.whole}/temporal`, source];
  await runGo({ edition, program: go.program, args, cgo: false }, place, step);
  return 'temporal';
}

async function serverVersion(program: string): Promise<string> {
  const text = (await askProgram(program, ['--version'])) ?? '';
  const version = parseVersion(text.split('Server')[1] ?? text);
  if (version !== undefined) return formatVersion(version);
  throw new TalosError('ENGINE_FAILED', `${program} does not tell its version; remove it and run talos up again`);
}

function serverArguments(config: Config): string[] {
  const { ports } = config;
  const options = [
    ['--ip', '127.0.0.1'],
    ['--port', String(ports.temporal)],
    ['--ui-port', String(ports.temporalUi)],
    ['--metrics-port', String(ports.temporalMetrics)],
    ['--namespace', config.temporal.namespace],
    ['--db-filename', temporalDatabase],
    ['--sqlite-pragma', 'journal_mode=WAL'],
    ['--sqlite-pragma', 'synchronous=NORMAL'],
    ['--log-level', 'warn'],
    ...searchAttributes.map((name) => ['--search-attribute', `${name}=Keyword`]),
    ...dynamicConfig.map((setting) => ['--dynamic-config-value', setting]),
  ];
  return ['server', 'start-dev', '--ui-disable-news-fetch', ...options.flat()];
}
