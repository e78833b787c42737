import { realpath } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { type Bind, nodeRuntime, pythonRuntime, type Runtime } from './bubblewrap-arguments.ts';
import type { ProgramKind } from './driver.ts';
import { findPython, librariesOf } from './libraries.ts';

type Reach = (path: string) => Promise<string>;

/** What runs skills in sandboxes of bubblewrap: this Node, and the Python of the machine where there is one. */
export async function findRuntimes(
  node: string,
  reach: Reach,
): Promise<Partial<Record<ProgramKind['runtime'], Runtime>>> {
  const program = await realpath(node);
  const [libraries, python] = await Promise.all([librariesOf([program]), findPython()]);
  const js = nodeRuntime({
    program: await reach(program),
    runner: await reach(runner('runner.cjs')),
    libraries: await bindsOf(libraries, reach),
  });
  if (python === undefined) return { node: js };
  return {
    node: js,
    python: pythonRuntime({
      program: await reach(python.program),
      runner: await reach(runner('runner.py')),
      modules: { from: python.modules, to: `/usr/${python.place}` },
      libraries: await bindsOf(python.libraries, reach),
    }),
  };
}

function runner(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

async function bindsOf(paths: readonly string[], reach: Reach): Promise<Bind[]> {
  return await Promise.all(paths.map(async (to) => ({ from: await reach(await realpath(to)), to })));
}
