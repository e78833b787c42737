import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

import { formatLockdown, type Lockdown, parseLockdown, unreadableLockdown } from '../domain/lockdown/record.ts';

/** The lockdown as a file of this host: survives a crash and needs no engine. */
export type LockdownFile = {
  /** Undefined when there is no such file; a file that cannot be read counts as locked. */
  read(): Promise<Lockdown | undefined>;
  /**
   * Writes it unless it is there, and syncs it to the disk. On a full disk a file of nothing takes its place, which locks all the same;
   * false tells of that.
   */
  create(lockdown: Lockdown): Promise<boolean>;
  /** Writes it in place of the one that is there, which holds until then. */
  replace(lockdown: Lockdown): Promise<void>;
  remove(): Promise<void>;
};

/** Opens no file until it is asked. */
export function lockdownFile(path: string): LockdownFile {
  return {
    async read() {
      try {
        const [text, { mtimeMs }] = await Promise.all([readFile(path, 'utf8'), stat(path)]);
        return parseLockdown(text, { place: path, at: Math.trunc(mtimeMs) });
      } catch (thrown) {
        return hasCode(thrown, 'ENOENT') ? undefined : unreadableLockdown({ place: path, at: 0 });
      }
    },
    create: (lockdown) => write(path, { lockdown, mayBeEmpty: true }, linkOrRename),
    async replace(lockdown) {
      await write(path, { lockdown, mayBeEmpty: false }, rename);
    },
    async remove() {
      await rm(path, { force: true });
      await syncFolder(path);
    },
  };
}

type Place = (temporary: string, path: string) => Promise<void>;

type Content = { readonly lockdown: Lockdown; readonly mayBeEmpty: boolean };

/** Whether all of it was written. */
async function write(path: string, { lockdown, mayBeEmpty }: Content, place: Place): Promise<boolean> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${randomUUID()}.tmp`;
  let isWhole = true;
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(formatLockdown(lockdown));
      await file.sync();
    } catch (thrown) {
      if (!mayBeEmpty || !(hasCode(thrown, 'ENOSPC') || hasCode(thrown, 'EDQUOT'))) throw thrown;
      isWhole = false;
    } finally {
      await file.close();
    }
    await place(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
  await syncFolder(path);
  return isWhole;
}

/** A link never replaces what is there, so of two that lock at once the first counts. */
async function linkOrRename(temporary: string, path: string): Promise<void> {
  try {
    await link(temporary, path);
  } catch (thrown) {
    if (hasCode(thrown, 'EEXIST')) return;
    await rename(temporary, path); // a file system without hard links
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function hasCode(thrown: unknown, code: string): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === code;
}
