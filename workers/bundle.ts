import { createHash } from 'node:crypto';
import {
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { bundleWorkflowCode, type WorkflowBundleWithSourceMap } from '@temporalio/worker';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Where bundles lie: beside the program or, where this user may not write there, below the home directory. */
const places: readonly string[] = [join(root, 'node_modules/.cache/talos'), join(homedir(), '.cache/talos/workflows')];

/** The name of a bundle changes with every source it is made of. */
function bundleName(): string {
  const hash = createHash('sha256');
  const sources = globSync(['workflows/**/*.ts', 'domain/**/*.ts', 'node_modules/@temporalio/worker/package.json'], {
    cwd: root,
  });
  for (const source of sources.toSorted()) hash.update(source).update(readFileSync(join(root, source)));
  return `workflows-${hash.digest('hex').slice(0, 16)}.js`;
}

/** The path of the workflow bundle, built first when a source has changed. Building takes seconds and memory, so it has a process of its own. */
export async function buildBundle(folders: readonly string[] = places): Promise<string> {
  const name = bundleName();
  const found = folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
  if (found !== undefined) return used(found);
  const { code } = await bundleQuietly();
  return keep(name, code, folders);
}

/** Writes into the first folder that takes it. */
function keep(name: string, code: string, [folder = '', ...others]: readonly string[]): string {
  const path = join(folder, name);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeWhole(path, code);
    dropOld(folder);
    return path;
  } catch (error) {
    if (others.length === 0) throw error;
    return keep(name, code, others);
  }
}

/** So many are kept: that of these sources, and of others that may be in use from the same place, which would be built anew. */
const keptBundles = 3;

/** Removes those that were not used for the longest, and what was never finished. None is lost: it can be built again. */
function dropOld(folder: string): void {
  try {
    const bundles = readdirSync(folder)
      .filter((name) => /^workflows-[0-9a-f]{16}\.js(\.\d+)?$/.test(name))
      .map((name) => join(folder, name))
      .map((path) => ({ path, usedAt: statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
      .toSorted((a, b) => b.usedAt - a.usedAt);
    for (const { path } of bundles.slice(keptBundles)) rmSync(path, { force: true });
  } catch {
    // made by another user: it stays
  }
}

/** Tells by its time that it is in use. */
function used(path: string): string {
  try {
    utimesSync(path, new Date(), new Date());
  } catch {
    // made by another user: it is used all the same
  }
  return path;
}

function writeWhole(path: string, text: string): void {
  const temporary = `${path}.${process.pid}`;
  try {
    writeFileSync(temporary, text);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

function bundleQuietly(): Promise<WorkflowBundleWithSourceMap> {
  const quiet = () => undefined;
  return bundleWorkflowCode({
    workflowsPath: join(root, 'workflows/index.ts'),
    logger: { log: quiet, trace: quiet, debug: quiet, info: quiet, warn: quiet, error: quiet },
  });
}
