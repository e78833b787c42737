import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { bundleWorkflowCode, type WorkflowBundleWithSourceMap } from '@temporalio/worker';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Where a built bundle lies; the name changes with every source it is made of. */
function bundlePath(): string {
  const hash = createHash('sha256');
  const sources = globSync(['workflows/**/*.ts', 'domain/**/*.ts', 'node_modules/@temporalio/worker/package.json'], {
    cwd: root,
  });
  for (const source of sources.toSorted()) hash.update(source).update(readFileSync(join(root, source)));
  return join(root, 'node_modules/.cache/talos', `workflows-${hash.digest('hex').slice(0, 16)}.js`);
}

/** The path of the workflow bundle, built first when a source has changed. Building takes seconds and memory, so it has a process of its own. */
export async function buildBundle(): Promise<string> {
  const path = bundlePath();
  if (existsSync(path)) return path;
  const { code } = await bundleQuietly();
  mkdirSync(join(path, '..'), { recursive: true });
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, code);
  renameSync(temporary, path);
  return path;
}

function bundleQuietly(): Promise<WorkflowBundleWithSourceMap> {
  const quiet = () => undefined;
  return bundleWorkflowCode({
    workflowsPath: join(root, 'workflows/index.ts'),
    logger: { log: quiet, trace: quiet, debug: quiet, info: quiet, warn: quiet, error: quiet },
  });
}
