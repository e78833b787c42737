import { availableParallelism } from 'node:os';
import { basename } from 'node:path';

import type { ProgramKind } from './driver.ts';

/** A file or folder of the host, where a sandbox sees it, read-only. */
export type Bind = { readonly from: string; readonly to: string };

/** What goes into the sandboxes of one runtime. */
export type Runtime = {
  readonly binds: readonly Bind[];
  readonly command: (memoryMiB: number) => readonly string[];
  /** Memory it takes for itself on top of what a skill may have, as RLIMIT_DATA counts it. */
  readonly ownDataMiB: number;
  /** Addresses it may have beyond the memory; undefined where it reserves more than any limit could allow. */
  readonly addressMiB?: number;
};

const runner = '/runner';
const mebibyte = 1_048_576;
const temporaryBytes = 16 * mebibyte;
/** Of one sandbox, as a group counts them; those of Node take memory that is counted long before. */
const mostThreads = 64;

/** Node with its libraries; it reserves 512 MiB of addresses for code, which count as data. */
export function nodeRuntime(files: { program: string; runner: string; libraries: readonly Bind[] }): Runtime {
  return {
    binds: [{ from: files.program, to: '/bin/node' }, { from: files.runner, to: `${runner}.cjs` }, ...files.libraries],
    command: (memoryMiB) => [
      '/bin/node',
      '--no-warnings',
      '--experimental-vm-modules',
      `--max-old-space-size=${memoryMiB}`,
      `${runner}.cjs`,
    ],
    ownDataMiB: 544,
  };
}

/** Python with its own modules and nothing that was installed beside them. */
export function pythonRuntime(files: {
  program: string;
  runner: string;
  modules: Bind;
  libraries: readonly Bind[];
}): Runtime {
  const program = `/usr/bin/${basename(files.program)}`;
  return {
    binds: [
      { from: files.program, to: program },
      { from: files.runner, to: `${runner}.py` },
      files.modules,
      ...files.libraries,
    ],
    command: () => [program, '-I', '-S', '-B', `${runner}.py`, `${mostThreads}`],
    ownDataMiB: 32,
    addressMiB: 1024,
  };
}

const isolation = words(
  '--unshare-all --unshare-user --disable-userns --die-with-parent --new-session --as-pid-1 ' +
    '--uid 65534 --gid 65534 --cap-drop ALL --clearenv --hostname sandbox',
);
/** No /dev/zero: what is mapped from it is memory no limit of a process counts. */
const devices = words('/dev/null /dev/urandom');
/** No /proc: a runtime can do without, and it tells of the host. */
const ownFiles = words(`--size ${temporaryBytes} --tmpfs /tmp --remount-ro / --chdir /tmp --seccomp 3 --`);

/** The arguments of bwrap: an empty machine but for the runtime. The filter is read from descriptor 3. */
export function bubblewrapArguments(runtime: Runtime, { memoryMiB }: ProgramKind, mark: string): readonly string[] {
  return [
    ...isolation,
    '--unsetenv',
    mark, // changes nothing; it stands here so that others can tell whose this is
    ...runtime.binds.flatMap(({ from, to }) => ['--ro-bind', from, to]),
    ...devices.flatMap((device) => ['--dev-bind', device, device]),
    ...ownFiles,
    ...runtime.command(memoryMiB),
  ];
}

/** Longer than any run may take; the host ends those, and this only what the host could not. */
const longestRunSeconds = 330;
const stackKiB = 8192;

/** The first descriptor of the entrances to groups; those below it are the pipes of the sandbox. */
const firstEntrance = 4;

/** A line of shell that goes into groups, as many as it has entrances, and limits what it becomes, in units POSIX fixes: memory in KiB, files in 512 bytes. */
export function limitScript(runtime: Runtime, { memoryMiB }: ProgramKind, entrances: number): string {
  const dataKiB = (runtime.ownDataMiB + memoryMiB) * 1024;
  const limits = {
    c: 0,
    d: dataKiB,
    // its page tables are memory, too, also those of addresses that hold nothing
    ...(runtime.addressMiB === undefined ? {} : { v: dataKiB + runtime.addressMiB * 1024 }),
    n: 256,
    f: temporaryBytes / 512,
    s: stackKiB,
    t: longestRunSeconds * availableParallelism(), // it counts every core
  };
  const lines = Object.entries(limits).map(([name, value]) => limitLine(name, value));
  return [...entranceLines(entrances), ...lines, 'exec "$@"'].join(' && ');
}

/** Nothing starts outside of a group: where the shell cannot go in, it ends. No sandbox inherits a way to the groups. */
function entranceLines(count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const entrance = firstEntrance + index;
    return `echo 0 >&${entrance} && exec ${entrance}>&-`;
  });
}

/** Where less than that is allowed here already, and nobody may ask for more, that is the limit. */
function limitLine(name: string, value: number): string {
  return `{ ulimit -${name} ${value} 2>/dev/null || ulimit -${name} "$(ulimit -H${name})"; }`;
}

function words(text: string): readonly string[] {
  return text.split(' ');
}
