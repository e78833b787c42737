import { existsSync, readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { z } from 'zod';

import type { Config } from '../../domain/config/parse.ts';
import { embeddedEngine } from '../../domain/models/embedded-engine.ts';
import { TalosError } from '../../domain/errors.ts';
import { findProgram, runCommand } from '../run-command.ts';
import { findCached, installWhole } from './cache.ts';
import type { Workplace } from './cache.ts';
import type { Progress } from './engine.ts';
import { withTeller } from './teller.ts';
import type { Step } from './teller.ts';

const folder = fileURLToPath(new URL('../embedded', import.meta.url));

const { name, version, program } = embeddedEngine;
const edition = { name, version } as const;

/** The packages with the code for each machine; there is none of this version for macOS, where Ollama runs models. */
const builds: Readonly<Record<string, string>> = {
  'linux x64': '@node-llama-cpp/linux-x64',
  'linux arm64': '@node-llama-cpp/linux-arm64',
};

const Versions = z.record(z.string(), z.string());
const Manifest = z.looseObject({ dependencies: Versions, optionalDependencies: Versions });
const Lock = z.looseObject({ packages: z.record(z.string(), z.looseObject({})) });

/** The folder of the library that runs models inside Talos; undefined when it has not been fetched yet. */
export function findEmbedded(config: Config): string | undefined {
  const found = findCached(config, edition);
  return found === undefined ? undefined : found.program.slice(0, -program.length - 1);
}

/** Gets that library with the build for this machine into the cache, by npm. Fails with ENGINE_MISSING or DOWNLOAD_FAILED. */
export async function getEmbedded(
  config: Config,
  options: { readonly progress: Progress; readonly signal: AbortSignal },
): Promise<void> {
  await withTeller(name, options, (step) =>
    installWhole(config, { edition, ...step }, async (place) => {
      await install(place, step);
      return program;
    }),
  );
}

async function install(place: Workplace, step: Step): Promise<void> {
  const build = builds[`${process.platform} ${process.arch}`];
  if (build === undefined) {
    throw missing(`there is no build for ${process.platform} ${process.arch}; choose LOCAL_ENGINE=ollama or openai`);
  }
  const npm = await findProgram('npm');
  if (npm === undefined) throw missing('npm is not installed; run: sudo apt-get install -y npm');
  const { manifest, lock } = narrow(read('package.json'), read('package-lock.json'), build);
  await writeFile(`${place.work}/package.json`, JSON.stringify(manifest));
  await writeFile(`${place.work}/package-lock.json`, JSON.stringify(lock));
  step.teller.say('getting the library (about 30 MB, once)');
  const args = ['ci', '--omit=optional', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const { code, tail } = await runCommand(npm, args, {
    signal: step.signal,
    cwd: place.work,
    onLine: (line) => step.teller.line(line),
  });
  if (code !== 0 || !existsSync(`${place.work}/${program}`)) {
    const lines = tail.map((line) => `  ${line}`).join('\n');
    throw new TalosError('DOWNLOAD_FAILED', `npm could not get ${name} ${version}; it said:\n${lines}`);
  }
  await rename(`${place.work}/node_modules`, `${place.whole}/node_modules`);
}

/** The manifest and lock of one machine: npm would fetch the builds for all graphics cards, ten times as much. */
export function narrow(manifest: unknown, lock: unknown, build: string) {
  const { optionalDependencies, ...rest } = Manifest.parse(manifest);
  const dependencies = { ...rest.dependencies, [build]: optionalDependencies[build] ?? version };
  const { packages, ...head } = Lock.parse(lock);
  const kept = Object.entries(packages).flatMap(([path, entry]) => {
    if (path === '') return [[path, { ...entry, dependencies, optionalDependencies: {} }] as const];
    const { optional: _isNeeded, ...needed } = entry;
    if (path === `node_modules/${build}`) return [[path, needed] as const];
    if (path.startsWith('node_modules/@node-llama-cpp/')) return [];
    return [[path, path === `node_modules/${name}` ? { ...entry, optionalDependencies: {} } : entry] as const];
  });
  return { manifest: { ...rest, dependencies }, lock: { ...head, packages: Object.fromEntries(kept) } };
}

function read(file: string): unknown {
  return JSON.parse(readFileSync(`${folder}/${file}`, 'utf8'));
}

function missing(reason: string): TalosError {
  return new TalosError('ENGINE_MISSING', `${name} ${version} cannot be fetched: ${reason}`, {
    details: { engine: name },
  });
}
