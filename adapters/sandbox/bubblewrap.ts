import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { constants } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { promisify } from 'node:util';

import { TalosError } from '../../domain/errors.ts';
import type { SandboxEnd } from '../../domain/sandbox/classify.ts';
import { bubblewrapArguments, limitScript, type Runtime } from './bubblewrap-arguments.ts';
import {
  installBubblewrap,
  limitsRefused,
  type NamespaceSwitches,
  startRefused,
  unavailable,
} from './bubblewrap-fixes.ts';
import { findRuntimes } from './bubblewrap-runtimes.ts';
import { type Cgroup, type CgroupMaker, findCgroups } from './cgroup.ts';
import type { Driver, DriverFacts, ProgramKind } from './driver.ts';
import { type FileLimit, limitFiles } from './file-limit.ts';
import { killOrphans, ownMark } from './owner-mark.ts';
import { type SandboxProgram, waitUntilReady } from './program.ts';
import { createOpenFiles } from './root-files.ts';
import { seccompFilter } from './seccomp.ts';

const ask = promisify(execFile);
/** The user nobody, whom root becomes before it starts a sandbox. */
const nobody = 65_534;
/** `--disable-userns` came with it, and a size for /tmp shortly before. */
const oldest = { major: 0, minor: 8 };

type Found = {
  readonly program: string;
  readonly runtimes: Partial<Record<ProgramKind['runtime'], Runtime>>;
  readonly groups: CgroupMaker | undefined;
};

export type BubblewrapOptions = {
  /** The Node that runs skills; Node's own program by default. */
  readonly node?: string;
  /** Whether to limit by cgroups where they can be written; true by default. */
  readonly useCgroups?: boolean;
  /** Where bwrap is looked for, as in PATH; the PATH of this process and the usual folders by default. */
  readonly path?: string;
};

/** Sandboxes of bubblewrap: namespaces, a system call filter, and limits by cgroup or process. Nothing has to be set up, root is not needed. */
export function createBubblewrapDriver(options: BubblewrapOptions = {}): Driver {
  const files = createOpenFiles();
  const isRoot = process.getuid?.() === 0;
  const mark = ownMark();
  let found: Promise<Found> | undefined;

  async function find(): Promise<Found> {
    const program = await locate(options.path);
    const reach = (path: string) => (isRoot ? files.reach(path) : Promise.resolve(path));
    const runtimes = await findRuntimes(options.node ?? process.execPath, reach);
    return { program, runtimes, groups: options.useCgroups === false ? undefined : await findCgroups() };
  }

  const start = (kind: ProgramKind): Promise<SandboxProgram> =>
    startOne(kind).catch((error: unknown) => Promise.reject(startFailed(error)));

  async function startOne(kind: ProgramKind): Promise<SandboxProgram> {
    const { program, runtimes, groups } = await (found ??= find());
    const runtime = runtimes[kind.runtime];
    if (runtime === undefined) throw unavailable(`there is no ${kind.runtime}`, 'sudo apt-get install -y python3');
    const filter = ownFilter();
    const group = await groups?.create(kind.memoryMiB);
    try {
      const entrances = group?.entrances ?? [];
      const script = limitScript(runtime, kind, entrances.length);
      const words = ['-c', script, 'sh', program, ...bubblewrapArguments(runtime, kind, mark)];
      const child = await spawnPiped(words, entrances, isRoot);
      giveFilter(child.process.stdio[3], filter);
      return programOf(child, group);
    } catch (error) {
      await group?.remove();
      throw error;
    }
  }

  return {
    name: 'bubblewrap',
    start,
    async prepare(): Promise<DriverFacts> {
      found = undefined;
      killOrphans();
      const version = await readVersion(await locate(options.path));
      const { runtimes, groups } = await (found = find());
      await tryOut(start);
      return { version, limits: groups?.version ?? 'rlimits', hasPython: runtimes.python !== undefined };
    },
    async close() {
      const groups = await found?.then(
        (all) => all.groups,
        () => undefined,
      );
      await groups?.close();
      await files.remove();
    },
  };
}

async function locate(folders = ''): Promise<string> {
  const search = 'PATH="${1:-${PATH:+$PATH:}/usr/local/bin:/usr/bin:/bin}"; command -v bwrap';
  const path = await ask('/bin/sh', ['-c', search, 'sh', folders]).then(
    ({ stdout }) => stdout.trim(),
    () => '',
  );
  if (path === '') throw unavailable('bubblewrap is not installed', installBubblewrap);
  return path;
}

async function readVersion(program: string): Promise<string> {
  const { stdout } = await ask(program, ['--version']);
  const [version, major, minor] = /(\d+)\.(\d+)[.\d]*/.exec(stdout) ?? ['unknown', '0', '0'];
  const isOld = Number(major) === oldest.major && Number(minor) < oldest.minor;
  if (isOld)
    throw unavailable(`bubblewrap ${version} is older than ${oldest.major}.${oldest.minor}`, installBubblewrap);
  return version;
}

/** Starts one sandbox, so that a machine that refuses is told apart from one that does not contain. */
async function tryOut(start: Driver['start']): Promise<void> {
  const program = await start({ runtime: 'node', memoryMiB: 128 });
  try {
    await waitUntilReady(program).catch(async (error: unknown) => {
      throw startRefused(messageOf(error), await namespaceSwitches());
    });
    program.guard?.();
  } catch (error) {
    throw error instanceof TalosError && error.code === 'SANDBOX_UNAVAILABLE' ? error : limitsRefused(messageOf(error));
  } finally {
    program.kill();
    await program.ended;
  }
}

async function namespaceSwitches(): Promise<NamespaceSwitches> {
  return {
    appArmorRestricts: (await kernelSwitch('kernel/apparmor_restrict_unprivileged_userns')) === '1',
    cloneForbidden: (await kernelSwitch('kernel/unprivileged_userns_clone')) === '0',
    noneLeft: (await kernelSwitch('user/max_user_namespaces')) === '0',
  };
}

async function kernelSwitch(name: string): Promise<string> {
  return await readFile(`/proc/sys/${name}`, 'utf8').then(
    (text) => text.trim(),
    () => '',
  );
}

type PipedChild = {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
};

/** Starts a shell with four pipes and what leads into its group. Where the machine has no room for it there is no process, and may be no pipes: that is an error, later. */
async function spawnPiped(
  words: readonly string[],
  entrances: readonly number[],
  isRoot: boolean,
): Promise<PipedChild> {
  const child = spawn('/bin/sh', words, {
    detached: true, // a group of its own, so that all of it can be killed before it has set itself up
    cwd: '/',
    env: {},
    stdio: ['pipe', 'pipe', 'pipe', 'pipe', ...entrances],
    ...(isRoot ? { uid: nobody, gid: nobody } : {}),
  });
  const { pid, stdin, stdout, stderr } = child;
  if (pid !== undefined && stdin !== null && stdout !== null && stderr !== null)
    return { process: child, pid, stdin, stdout, stderr };
  const [error] = await once(child, 'error');
  throw error;
}

/** What keeps a sandbox from starting is no fault of a skill, and may be over the next time. */
function startFailed(error: unknown): TalosError {
  if (error instanceof TalosError) return error;
  return new TalosError('SANDBOX_FAILED', `A sandbox did not start: ${messageOf(error)}`, { cause: error });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function programOf(child: PipedChild, group: Cgroup | undefined): SandboxProgram {
  let hasEnded = false;
  const kill = (): void => {
    if (!hasEnded) killGroup(child.pid);
  };
  const files = limitFiles(child.pid, kill);
  child.stdin.on('error', () => undefined); // it may be gone before it reads
  const ended = new Promise<SandboxEnd>((resolve) => {
    const end = async (code: number | null, signal: NodeJS.Signals | null): Promise<void> => {
      hasEnded = true;
      const counted = { ...files.end(), ...(await group?.account()) };
      await group?.remove();
      resolve({ ...counted, code: code ?? 128 + (signal === null ? 0 : constants.signals[signal]) });
    };
    child.process.once('error', () => void end(127, null));
    // not `exit`: its last output may still be on the way
    child.process.once('close', (code, signal) => void end(code, signal));
  });
  const { stdin, stdout, stderr } = child;
  const program = { stdin, stdout, stderr, ended, kill };
  return group === undefined ? { ...program, guard: () => begin(files, kill) } : program; // a group counts what files take
}

function begin(files: FileLimit, kill: () => void): void {
  try {
    files.begin();
  } catch (error) {
    kill();
    throw startFailed(error);
  }
}

function giveFilter(pipe: ChildProcess['stdio'][number] | undefined, filter: Buffer): void {
  if (pipe !== null && pipe !== undefined && 'end' in pipe) pipe.on('error', () => undefined).end(filter);
}

function ownFilter(): Buffer {
  if (process.arch === 'x64' || process.arch === 'arm64') return seccompFilter(process.arch);
  throw unavailable(`there is no system call filter for ${process.arch} machines`, 'SANDBOX_DRIVER=docker ./talos up');
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // it has just ended by itself
  }
}
