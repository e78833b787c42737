import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { buildTestModel } from '../../adapters/test-model/ensure.ts';
import { parseConfig } from '../../domain/config/parse.ts';
import { embeddedEngine } from '../../domain/models/embedded-engine.ts';
import type { TestModelName } from '../../domain/models/choose.ts';
import { findEmbedded, getEmbedded } from '../../infra/engines/embedded.ts';

/** The file the library begins with that runs models inside Talos; it is fetched into the cache where it is missing. */
export async function embeddedProgram(): Promise<string> {
  const { HOME, TALOS_ENGINES_DIR } = process.env;
  const config = parseConfig({ HOME, TALOS_ENGINES_DIR });
  await getEmbedded(config, { progress: () => undefined, signal: AbortSignal.timeout(600_000) });
  return `${findEmbedded(config)}/${embeddedEngine.program}`;
}

/** The built-in test models as files in a folder of their own. */
export async function testModelFiles(...names: TestModelName[]) {
  const folder = await mkdtemp(join(tmpdir(), 'talos-gguf-'));
  for (const name of names) await writeFile(join(folder, `${name}.gguf`), buildTestModel(name));
  return {
    folder,
    file: (name: TestModelName) => join(folder, `${name}.gguf`),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
