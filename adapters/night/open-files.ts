import { readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/** The files below some folders that a process of this machine holds open, as far as this user may see. */
export async function openFilesBelow(folders: readonly string[]): Promise<Set<string>> {
  const processes = (await names('/proc')).filter((name) => /^\d+$/.test(name));
  const open = new Set<string>();
  for (const id of processes) {
    const descriptors = `/proc/${id}/fd`;
    const targets = await Promise.all((await names(descriptors)).map((name) => target(join(descriptors, name))));
    for (const path of targets) if (folders.some((folder) => path.startsWith(`${folder}/`))) open.add(path);
  }
  return open;
}

async function names(folder: string): Promise<string[]> {
  return await readdir(folder).catch(() => []); // it has ended meanwhile, belongs to somebody else, or there is no /proc
}

async function target(link: string): Promise<string> {
  return await readlink(link).catch(() => ''); // closed meanwhile
}
