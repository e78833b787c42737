import { execFile } from 'node:child_process';
import { realpath } from 'node:fs/promises';
import { promisify } from 'node:util';

import { z } from 'zod';

const ask = promisify(execFile);
const patience = { timeout: 15_000, maxBuffer: 8_388_608 };

/** The files a program needs to start, loader included, under the paths it looks for them. */
export async function librariesOf(programs: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await ask('ldd', [...programs], patience).catch(partly);
  const paths = [...stdout.matchAll(/(?:=> |^\s+)(\/\S+) \(0x/gm)].flatMap(([, path]) => path ?? []);
  return [...new Set(paths)];
}

/** ldd fails when one of many files has no libraries; what it said of the others counts. */
function partly(error: unknown): { stdout: string } {
  const stdout = error instanceof Error && 'stdout' in error ? error.stdout : '';
  return { stdout: typeof stdout === 'string' ? stdout : '' };
}

/** A Python of this machine. */
export type Python = {
  readonly program: string;
  /** The folder of its own modules, and where it looks for it below its prefix, such as `lib/python3.11`. */
  readonly modules: string;
  readonly place: string;
  readonly libraries: readonly string[];
};

const Description = z.tuple([z.string(), z.string(), z.string(), z.literal(3), z.array(z.string())]);
const describe = `import glob, json, os, sys, sysconfig
paths = sysconfig.get_paths()
print(json.dumps([os.path.realpath(sys.executable), os.path.realpath(paths["platstdlib"]),
  "%s/python%d.%d" % (getattr(sys, "platlibdir", "lib"), *sys.version_info[:2]), sys.version_info[0],
  glob.glob(paths["platstdlib"] + "/lib-dynload/*.so")]))`;

/** Modules for windows, terminals and old databases: a sandbox has none, and each library costs time at every start. */
const forScreens = /\/(_tkinter|_?curses\w*|_curses_panel|readline|_g?dbm|nis|ossaudiodev|_test\w*)\./;

/** The Python 3 of this machine, undefined when there is none. The system's comes first: others may lie in a home. */
export async function findPython(): Promise<Python | undefined> {
  for (const name of ['/usr/bin/python3', 'python3']) {
    try {
      const { stdout } = await ask(name, ['-I', '-S', '-c', describe], patience);
      const [program, modules, place, , extensions] = Description.parse(JSON.parse(stdout));
      const libraries = await librariesOf([program, ...extensions.filter((path) => !forScreens.test(path))]);
      return { program: await realpath(program), modules, place, libraries };
    } catch {
      // not this one
    }
  }
  return undefined;
}
