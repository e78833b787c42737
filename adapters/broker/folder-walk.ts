import { constants } from 'node:fs';
import { type FileHandle, lstat, open } from 'node:fs/promises';

import { TalosError } from '../../domain/errors.ts';

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;

/** A place inside a granted folder: the open folder it lies in, and its name there. */
export type Place = {
  /** A path that leads to exactly this entry of exactly the folder that was opened, whatever is renamed meanwhile. */
  readonly path: string;
  readonly parent: FileHandle;
};

const mostParts = 32;

/** The parts of a path inside a folder. Fails with PERMISSION_DENIED for one that could lead out of it. */
export function pathParts(path: string): string[] {
  const parts = path.split('/');
  const isPlain = (part: string) => part !== '' && part !== '.' && part !== '..' && Buffer.byteLength(part) <= 255;
  if (parts.length <= mostParts && !path.includes('\0') && parts.every(isPlain)) return parts;
  throw denied('the path has to be relative, such as notes/may.txt, without "." or ".."');
}

/** Does work in the folder that parts lead to. Links are never followed, also not those put there a moment ago. */
export async function inFolder<T>(
  root: string,
  parts: readonly string[],
  work: (folder: FileHandle) => Promise<T>,
): Promise<T> {
  let folder = await open(root, O_RDONLY | O_DIRECTORY).catch(() => {
    throw notLent('the granted folder cannot be opened');
  });
  try {
    for (const part of parts) {
      const next = await openFolder(entryPath(folder, part));
      await folder.close();
      folder = next;
    }
    return await work(folder);
  } finally {
    await folder.close();
  }
}

/** Does work at a path inside a folder whose last part need not be there. */
export function atPlace<T>(root: string, path: string, work: (place: Place) => Promise<T>): Promise<T> {
  const parts = pathParts(path);
  const name = parts.pop() ?? '';
  return inFolder(root, parts, (parent) => work({ parent, path: entryPath(parent, name) }));
}

/** The refusal of what would lead out of a folder. */
export function denied(reason: string): TalosError {
  return new TalosError('PERMISSION_DENIED', `ctx.folder: ${reason}.`);
}

/** What the owner has to put right: the skill asked for what its manifest names. */
export function notLent(reason: string): TalosError {
  return new TalosError('CONFIG_INVALID', `ctx.folder: ${reason}; the owner names it in config/grants.json.`);
}

/** Through the open folder itself, which is what openat(2) does. */
function entryPath(folder: FileHandle, name: string): string {
  return `/proc/self/fd/${folder.fd}/${name}`;
}

async function openFolder(path: string): Promise<FileHandle> {
  try {
    return await open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  } catch (error) {
    const found = await lstat(path).catch(() => undefined); // gone: the first error tells it
    if (found?.isSymbolicLink() === true) throw denied('links are not followed');
    throw error;
  }
}
