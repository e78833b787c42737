import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { onTestFinished } from 'vitest';

import { parseConfig } from '../../../domain/config/parse.ts';
import type { Config } from '../../../domain/config/parse.ts';
import { TalosError } from '../../../domain/errors.ts';
import type { Engine } from '../../../infra/engines/engine.ts';

/** A folder that goes with the test. */
export async function scratch(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'talos-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A configuration with an empty cache of its own. */
export async function freshConfig(settings: Record<string, string> = {}): Promise<Config> {
  const folder = await scratch();
  return parseConfig({ TALOS_HOME: `${folder}/home`, TALOS_ENGINES_DIR: `${folder}/engines`, ...settings });
}

/** Lets programs be found only among these shell scripts, until the test ends. */
export async function onlyPrograms(scripts: Record<string, string>): Promise<string> {
  const folder = await scratch();
  for (const [name, script] of Object.entries(scripts)) await writeScript(`${folder}/${name}`, script);
  const path = process.env['PATH'];
  process.env['PATH'] = folder;
  onTestFinished(() => {
    process.env['PATH'] = path;
  });
  return folder;
}

/** Writes a shell script that can be run. */
export async function writeScript(path: string, script: string): Promise<void> {
  await writeFile(path, `#!/bin/sh\nPATH=/usr/bin:/bin\n${script}\n`);
  await chmod(path, 0o755);
}

/** Gets an engine without listening to its progress. */
export async function get(engine: Engine, config: Config, signal = new AbortController().signal) {
  return await engine.get(config, { progress: () => undefined, signal });
}

/** What the cache holds of an engine, temporary folders included. */
export async function cacheOf(engine: Engine, config: Config): Promise<string[]> {
  const folder = `${config.home.enginesDir}/${engine.name}`;
  await mkdir(folder, { recursive: true });
  return await readdir(folder);
}

/** The error a promise fails with. */
export async function failureOf(work: Promise<unknown>): Promise<TalosError> {
  const outcome = await work.then(
    () => 'nothing was thrown',
    (error: unknown) => error,
  );
  if (outcome instanceof TalosError) return outcome;
  throw new Error('it did not fail with a TalosError', { cause: outcome });
}
