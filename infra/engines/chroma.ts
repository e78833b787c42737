import { mkdirSync } from 'node:fs';
import { cp, writeFile } from 'node:fs/promises';

import type { Config } from '../../domain/config/parse.ts';
import { engineAddresses, homePaths } from '../../domain/config/paths.ts';
import { TalosError } from '../../domain/errors.ts';
import { askProgram, findProgram, runCommand } from '../run-command.ts';
import { installCommand, installPackages } from './apt.ts';
import { findCached, installWhole } from './cache.ts';
import type { Workplace } from './cache.ts';
import type { ChildSpec, Engine, EngineLocation } from './engine.ts';
import { probeHttp } from './http-probe.ts';
import type { Step } from './teller.ts';
import { withTeller } from './teller.ts';
import { formatVersion, isAtLeast, parseVersion } from './version.ts';

/** The wheel, and the SHA-256 of each of its files: linux x64, linux arm64, macOS arm64, macOS x64. */
const edition = { name: 'chroma', version: '1.5.9' } as const;
const hashes = [
  'cc09b3df76e5a5cb386aed2715a2eea152e3949f9e1ba93c7119505377749929',
  '9192d111bd662241625867962333d99369a00769a50f8b2f58cb388731274d7e',
  '814b9c95617377f6501e5757d63dfddb554a283a7739c87b9fa573850174e6f3',
  '60701011b5e6409647fa40d12c7c5a66b2b0bfcf33a52db2ad53a30a2abc4957',
];
/** The one folder of the wheel that is needed: the server is a library written in Rust, the rest a Python client. */
const library = 'chromadb_rust_bindings';

/** The Chroma vector store, on loopback: it has no sign-in of its own. */
export const chroma: Engine = {
  ...edition,
  required: true,

  async locate(config): Promise<EngineLocation> {
    if (config.chroma.url !== undefined) return { kind: 'external', address: config.chroma.url };
    const program = await findProgram('chroma');
    const version = program === undefined ? undefined : parseVersion((await askProgram(program, ['--version'])) ?? '');
    // The command counts apart: the one of wheel 1.5.9 calls itself 1.4.4, and 1.3.4 never ends after SIGTERM.
    if (program !== undefined && version !== undefined && version[0] === 1 && isAtLeast(version, [1, 4, 4])) {
      return { kind: 'path', program, version: formatVersion(version) };
    }
    return (
      findCached(config, edition) ?? { kind: 'missing', reason: 'neither on the PATH (1.4.4 or newer) nor fetched yet' }
    );
  },

  get: (config, options) =>
    withTeller('chroma', options, (step) => installWhole(config, { edition, ...step }, (place) => fill(place, step))),

  async child(config, { program }): Promise<ChildSpec> {
    const folder = homePaths(config).chromaData;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return {
      name: 'chroma',
      command: program,
      args: ['run', '--path', folder, '--host', '127.0.0.1', '--port', String(config.ports.chroma)],
      env: { ANONYMIZED_TELEMETRY: 'False' },
      cwd: folder,
      stopSignal: 'SIGTERM',
      stopGraceMs: 5000,
      readyTimeoutMs: 60_000,
      ready: async (signal) => (await heartbeat(`http://127.0.0.1:${config.ports.chroma}`, signal)) >= 0,
    };
  },

  check: (config: Config, signal) => heartbeat(engineAddresses(config).chroma, signal),
};

async function heartbeat(address: string, signal: AbortSignal): Promise<number> {
  return await probeHttp(`${address.replace(/\/$/, '')}/api/v2/heartbeat`, signal);
}

async function fill(place: Workplace, step: Step): Promise<string> {
  const python = await requirePython(step);
  const wanted = `chromadb==${edition.version} ${hashes.map((hash) => `--hash=sha256:${hash}`).join(' ')}\n`;
  await writeFile(`${place.work}/requirements.txt`, wanted);
  step.teller.say('fetching the library');
  const wheelOnly = ['--no-compile', '--no-deps', '--only-binary', ':all:', '--require-hashes', '--no-cache-dir'];
  const quiet = ['--disable-pip-version-check', '--no-input', '--progress-bar', 'off', '--root-user-action', 'ignore'];
  const args = ['-m', 'pip', 'install', ...wheelOnly, ...quiet, '--target', `${place.work}/wheel`, '-r'];
  const { code, tail } = await runCommand(python, [...args, `${place.work}/requirements.txt`], {
    signal: step.signal,
    onLine: (line) => step.teller.line(line),
  });
  if (code !== 0) throw pipError(tail);
  await cp(`${place.work}/wheel/${library}`, `${place.whole}/${library}`, { recursive: true });
  await writeFile(`${place.whole}/chroma`, startScript(python), { mode: 0o755 });
  if ((await askProgram(`${place.whole}/chroma`, ['--version'])) !== undefined) return 'chroma';
  throw new TalosError('DOWNLOAD_FAILED', `Chroma ${edition.version} was brought but does not run on this machine`);
}

/** Any Python from 3.9 on runs the library; the one that fetched it comes first. */
function startScript(python: string): string {
  const start = `import sys, ${library} as library; library.cli(["chroma"] + sys.argv[1:])`;
  return [
    '#!/bin/sh',
    'here=$(cd "$(dirname "$0")" && pwd)',
    `python='${python.replaceAll("'", String.raw`'\''`)}'`,
    '[ -x "$python" ] || python=python3',
    `PYTHONPATH=$here PYTHONDONTWRITEBYTECODE=1 exec "$python" -c '${start}' "$@"`,
    '',
  ].join('\n');
}

async function requirePython(step: Step): Promise<string> {
  const found = await findPython();
  if (found !== undefined) return found;
  const isInstalled = await installPackages(['python3', 'python3-pip'], step);
  const python = isInstalled ? await findPython() : undefined;
  if (python !== undefined) return python;
  const fix = await installCommand({
    apt: 'python3 python3-pip',
    dnf: 'python3 python3-pip',
    pacman: 'python python-pip',
    zypper: 'python3 python3-pip',
    apk: 'python3 py3-pip',
    brew: 'python',
  });
  throw new TalosError(
    'ENGINE_MISSING',
    `Chroma needs Python 3.9 or newer with pip; run: ${fix}   (or set CHROMA_URL to a Chroma you run)`,
    { details: { engine: 'chroma', fix } },
  );
}

/** The interpreter itself rather than a shim before it, if it is new enough and has pip. */
async function findPython(): Promise<string | undefined> {
  const program = await findProgram('python3');
  if (program === undefined) return undefined;
  const question = 'import sys, pip; print(sys.executable if sys.version_info >= (3, 9) else "")';
  const path = (await askProgram(program, ['-c', question]))?.trim();
  return path?.startsWith('/') ? path : undefined;
}

function pipError(tail: readonly string[]): TalosError {
  const lines = tail.map((line) => `  ${line}`).join('\n');
  const details = { engine: 'chroma' };
  if (/DO NOT MATCH THE HASHES/.test(lines)) {
    return new TalosError(
      'CHECKSUM_MISMATCH',
      `The Chroma that pip fetched is not what its checksum says; it was thrown away:\n${lines}`,
      { details },
    );
  }
  return new TalosError(
    'DOWNLOAD_FAILED',
    `Chroma ${edition.version} could not be fetched; check the connection and try again, or set CHROMA_URL to a Chroma you run. ` +
      `It exists for Linux with glibc and for macOS. pip said:\n${lines}`,
    { details },
  );
}
