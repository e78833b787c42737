/** Where groups could be made: sets of folders, the nearest first; a set has one folder for each hierarchy. */
export type CgroupPlace = {
  readonly version: 'cgroup v1' | 'cgroup v2';
  readonly candidates: readonly (readonly string[])[];
};

type Mount = { readonly at: string; readonly type: string; readonly options: readonly string[] };

/**
 * Reads from /proc/self/mountinfo and /proc/self/cgroup where this process could make groups that limit memory and processes. With v2 a
 * group that holds processes gives no controllers to groups below it, so the parents count, too. See cgroups(7), proc_pid_mountinfo(5).
 */
export function placeOfCgroups(mountInfo: string, ownGroups: string): CgroupPlace | undefined {
  const mounts = mountInfo.split('\n').flatMap((line) => readMount(line) ?? []);
  const groups = ownGroups.split('\n').map((line) => line.split(':'));
  const first = ['memory', 'pids'].map((controller) => {
    const mount = mounts.find(({ type, options }) => type === 'cgroup' && options.includes(controller));
    const path = groups.find(([, controllers]) => controllers?.split(',').includes(controller))?.[2];
    return mount === undefined || path === undefined ? undefined : join(mount.at, path);
  });
  const folders = first.filter((folder) => folder !== undefined);
  if (folders.length === 2) return { version: 'cgroup v1', candidates: [[...new Set(folders)]] };
  const second = mounts.find(({ type }) => type === 'cgroup2')?.at;
  const path = groups.find(([id, controllers]) => id === '0' && controllers === '')?.[2];
  if (second === undefined || path === undefined) return undefined;
  return { version: 'cgroup v2', candidates: parentsOf(path).map((parent) => [join(second, parent)]) };
}

function readMount(line: string): Mount | undefined {
  const [left, right] = line.split(' - ');
  const at = left?.split(' ')[4];
  const [type, , options] = right?.split(' ') ?? [];
  return at === undefined || type === undefined ? undefined : { at, type, options: (options ?? '').split(',') };
}

function parentsOf(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '');
  return Array.from({ length: parts.length + 1 }, (_, up) => `/${parts.slice(0, parts.length - up).join('/')}`);
}

function join(mount: string, path: string): string {
  return path === '/' ? mount : mount + path;
}
