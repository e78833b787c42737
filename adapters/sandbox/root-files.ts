import { constants, existsSync } from 'node:fs';
import { chmod, copyFile, link, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

import { removeOrphanedFolders } from './orphaned-folders.ts';
import { ownMark } from './owner-mark.ts';

/** Files that others may read, for a sandbox that runs as nobody. */
export type OpenFiles = {
  /** The path itself, or a copy where others cannot reach it. */
  reach(path: string): Promise<string>;
  remove(): Promise<void>;
};

/** Copies are made only where they are needed: when root starts sandboxes from files in a closed folder, such as its home. */
export function createOpenFiles(): OpenFiles {
  let folder: Promise<string> | undefined;
  let count = 0;

  /** Whoever tidies up temporary files may have taken it; of several that notice, the first makes it anew. */
  async function folderThere(): Promise<string> {
    const known = folder;
    const isGone = known === undefined || !existsSync(await known);
    const next = folder === undefined || (isGone && folder === known) ? makeFolder() : folder;
    folder = next;
    return await next;
  }

  async function copy(path: string): Promise<string> {
    const target = join(await folderThere(), `${(count += 1)}-${basename(path)}`);
    // a link costs nothing, but only reaches the same file system; a file others may not read has to be copied
    const isReadable = ((await stat(path)).mode & constants.S_IROTH) !== 0;
    const linked =
      isReadable &&
      (await link(path, target).then(
        () => true,
        () => false,
      ));
    if (linked) return target;
    await copyFile(path, target, constants.COPYFILE_FICLONE);
    await chmod(target, 0o755);
    return target;
  }

  return {
    reach: async (path) => ((await isOpen(path)) ? path : await copy(path)),
    async remove() {
      if (folder !== undefined) await rm(await folder, { recursive: true, force: true });
    },
  };
}

async function makeFolder(): Promise<string> {
  await removeOrphanedFolders(tmpdir());
  const folder = await mkdtemp(join(tmpdir(), `${ownMark()}-`));
  await chmod(folder, 0o755);
  return folder;
}

async function isOpen(path: string): Promise<boolean> {
  if (((await stat(path)).mode & constants.S_IROTH) === 0) return false;
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if (((await stat(folder)).mode & constants.S_IXOTH) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}
