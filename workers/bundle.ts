import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
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
  if (found !== undefined) return found;
  const { code } = await bundleQuietly();
  return keep(name, code, folders);
}

/** Writes into the first folder that takes it. */
function keep(name: string, code: string, [folder = '', ...others]: readonly string[]): string {
  const path = join(folder, name);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeWhole(path, code);
    return path;
  } catch (error) {
    if (others.length === 0) throw error;
    return keep(name, code, others);
  }
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
