import { existsSync } from 'node:fs';
import { access, constants, type FileHandle, mkdir, open, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { SandboxEnd } from '../../domain/sandbox/classify.ts';
import { type CgroupPlace, placeOfCgroups } from './cgroup-place.ts';
import { isOrphan, ownMark } from './owner-mark.ts';

/** The group of one sandbox. */
export type Cgroup = {
  /** Descriptors that put a process in that writes `0` into each of them, and all it starts from then on. */
  readonly entrances: readonly number[];
  /** What the kernel counted. */
  account(): Promise<Partial<SandboxEnd>>;
  /** Takes the group away, now or once the kernel lets go of it. */
  remove(): Promise<void>;
};

/** Makes groups for sandboxes. */
export type CgroupMaker = {
  readonly version: CgroupPlace['version'];
  create(memoryMiB: number): Promise<Cgroup>;
  /** Takes away what is left; what cannot go within half a second goes when the next maker is found. */
  close(): Promise<void>;
};

/** Threads of a skill and its runtime. */
const mostThreads = 64;
/** What a runtime needs before a skill takes anything, its program text included. */
const runtimeMiB = 64;

type GroupFiles = {
  readonly limits: (bytes: number) => readonly (readonly [name: string, value: number])[];
  readonly entrance: string;
  readonly memoryEvents: string;
  readonly peak: string;
};

const files: Record<CgroupPlace['version'], GroupFiles> = {
  'cgroup v2': {
    limits: (bytes: number) => [
      ['memory.max', bytes],
      ['memory.swap.max', 0],
      ['memory.oom.group', 1],
      ['pids.max', mostThreads],
    ],
    entrance: 'cgroup.procs',
    memoryEvents: 'memory.events',
    peak: 'memory.peak',
  },
  'cgroup v1': {
    limits: (bytes: number) => [
      ['memory.limit_in_bytes', bytes],
      ['memory.memsw.limit_in_bytes', bytes],
      ['pids.max', mostThreads],
    ],
    entrance: 'tasks', // a thread that moves only itself waits for no lock of the whole kernel, which takes 15 ms
    memoryEvents: 'memory.oom_control',
    peak: 'memory.max_usage_in_bytes',
  },
};

/** Finds where this process may make groups, undefined where it may not: then limits of single processes have to do. */
export async function findCgroups(): Promise<CgroupMaker | undefined> {
  const place = placeOfCgroups(await read('/proc/self/mountinfo'), await read('/proc/self/cgroup'));
  if (place === undefined) return undefined;
  for (const folders of place.candidates) {
    const maker = createMaker(place.version, folders);
    if ((await isUsable(place.version, folders)) && (await canMake(maker))) {
      await sweep(folders);
      return maker;
    }
  }
  return undefined;
}

/** Of this process, not of one maker: a later maker meets groups of an earlier one that are still in use. */
let made = 0;

function createMaker(version: CgroupPlace['version'], folders: readonly string[]): CgroupMaker {
  const mark = ownMark();
  let stuck: string[] = [];

  async function removeAll(groups: readonly string[]): Promise<void> {
    for (const group of groups) {
      // a dying process may hold it for a moment longer
      await rmdir(group).catch(() => existsSync(group) && stuck.push(group));
    }
  }

  async function clearStuck(): Promise<void> {
    const groups = stuck;
    stuck = [];
    await removeAll(groups);
  }

  return {
    version,
    async create(memoryMiB) {
      await clearStuck();
      made += 1;
      const name = `${mark}_${made}`;
      const groups = folders.map((folder) => join(folder, name));
      const entrances: FileHandle[] = [];
      async function remove(): Promise<void> {
        for (const entrance of entrances) await entrance.close();
        await removeAll(groups);
      }
      try {
        for (const group of groups) await mkdir(group);
        for (const [limit, value] of files[version].limits((memoryMiB + runtimeMiB) * 1_048_576))
          await setLimit(groups, limit, value);
        for (const group of groups) entrances.push(await open(join(group, files[version].entrance), 'w'));
      } catch (error) {
        await remove();
        throw error;
      }
      return { entrances: entrances.map(({ fd }) => fd), account: () => accountOf(version, groups), remove };
    },
    async close() {
      for (let tries = 0; tries === 0 || (stuck.length > 0 && tries < 50); tries += 1) {
        if (tries > 0) await sleep(10);
        await clearStuck();
      }
    },
  };
}

/** Sets a limit in the group that has it; kernels without swap accounting lack some. */
async function setLimit(groups: readonly string[], name: string, value: number): Promise<void> {
  for (const group of groups) {
    const file = join(group, name);
    if (await isWritable(file)) return await writeFile(file, String(value));
  }
}

async function accountOf(version: CgroupPlace['version'], groups: readonly string[]): Promise<Partial<SandboxEnd>> {
  const find = async (name: string): Promise<string> =>
    (await Promise.all(groups.map((group) => read(join(group, name))))).join('');
  const [events, peak, pids, cpu] = await Promise.all(
    [files[version].memoryEvents, files[version].peak, 'pids.events', 'cpu.stat'].map(find),
  );
  const peakBytes = Number.parseInt(peak ?? '', 10);
  const cpuMs = Number(/usage_usec (\d+)/.exec(cpu ?? '')?.[1]) / 1000;
  return {
    wasOutOfMemory: /oom_kill [1-9]/.test(events ?? ''),
    wasOutOfProcesses: /max [1-9]/.test(pids ?? ''),
    ...(Number.isNaN(peakBytes) ? {} : { peakBytes }),
    ...(Number.isNaN(cpuMs) ? {} : { cpuMs }),
  };
}

async function isUsable(version: CgroupPlace['version'], folders: readonly string[]): Promise<boolean> {
  for (const folder of folders) {
    if (!(await isWritable(folder)) || !(await isWritable(join(folder, 'cgroup.procs')))) return false;
    if (version === 'cgroup v1') continue;
    const controllers = (await read(join(folder, 'cgroup.subtree_control'))).trim().split(' ');
    if (!controllers.includes('memory') || !controllers.includes('pids')) return false;
  }
  return true;
}

async function canMake(maker: CgroupMaker): Promise<boolean> {
  try {
    await (await maker.create(1)).remove();
    return true;
  } catch {
    return false; // the folder says yes, the kernel says no
  }
}

/** Takes away the groups of processes that are gone, wherever this process could make groups; tells how many. */
export async function removeOrphanedCgroups(): Promise<number> {
  const place = placeOfCgroups(await read('/proc/self/mountinfo'), await read('/proc/self/cgroup'));
  const counts = await Promise.all((place?.candidates ?? []).map(sweep));
  return counts.reduce((sum, count) => sum + count, 0);
}

async function sweep(folders: readonly string[]): Promise<number> {
  let removed = 0;
  for (const folder of folders) {
    const orphans = (await readdir(folder).catch(() => [])).filter(isOrphan);
    // one that is still in use stays
    for (const name of orphans)
      await rmdir(join(folder, name)).then(
        () => (removed += 1),
        () => undefined,
      );
  }
  return removed;
}

async function isWritable(path: string): Promise<boolean> {
  return await access(path, constants.W_OK).then(
    () => true,
    () => false,
  );
}

async function read(path: string): Promise<string> {
  return await readFile(path, 'utf8').catch(() => '');
}
