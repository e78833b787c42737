import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { isOrphan } from './owner-mark.ts';

/** A mark with what makes the name of a temporary folder its own. */
const marked = /^talos_[a-z]+_\d+_\d+-[A-Za-z0-9]{6}$/;

/** Removes temporary folders of this user whose owner is gone; tells how many. */
export async function removeOrphanedFolders(dir: string): Promise<number> {
  let removed = 0;
  for (const name of await readdir(dir).catch(() => [])) {
    if (!marked.test(name) || !isOrphan(name)) continue;
    const path = join(dir, name);
    const found = await lstat(path).catch(() => undefined); // gone meanwhile
    if (found?.isDirectory() !== true || found.uid !== process.getuid?.()) continue;
    await rm(path, { recursive: true, force: true });
    removed += 1;
  }
  return removed;
}
