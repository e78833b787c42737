import { constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { foldersOf, maxBundleFiles } from '../domain/skills/bundle-files.ts';
import type { BundleFiles } from '../domain/skills/bundle.ts';
import { quoted } from '../domain/skills/finding.ts';

/** What is wrong with a folder that should hold nothing but the files of a skill. */
export class FolderFlaw extends Error {
  override readonly name = 'FolderFlaw';
}

/** How a folder is read. `skips` are names that are passed over wherever they are. */
export type FolderOptions = {
  readonly maxBytes: number;
  readonly skips: (path: string) => boolean;
  readonly emptyFolders: 'refused' | 'ignored';
};

const maxDepth = 8;

/**
 * Reads every file below a folder as text. Links, special files, bytes that are no UTF-8, and more than a skill may have are a
 * FolderFlaw: what is read is all there is.
 */
export async function readTextFolder(folder: string, options: FolderOptions): Promise<BundleFiles> {
  const files: [string, string][] = [];
  let left = options.maxBytes;

  async function visit(path: string, depth: number): Promise<void> {
    if (depth > maxDepth) throw new FolderFlaw(`${quoted(path)} lies deeper than ${maxDepth} folders`);
    const entries = await readdir(join(folder, path), { withFileTypes: true });
    if (entries.length === 0 && path !== '' && options.emptyFolders === 'refused') {
      throw new FolderFlaw(`${quoted(path)} is an empty folder`);
    }
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const inner = path === '' ? entry.name : `${path}/${entry.name}`;
      if (options.skips(inner)) continue;
      if (entry.isDirectory()) await visit(inner, depth + 1);
      else if (entry.isFile()) await take(inner);
      else throw new FolderFlaw(`${quoted(inner)} is ${entry.isSymbolicLink() ? 'a link' : 'no ordinary file'}`);
    }
  }

  async function take(path: string): Promise<void> {
    // one more than a bundle may have, as a certificate may lie beside its files
    if (files.length > maxBundleFiles) throw new FolderFlaw(`there are more than ${maxBundleFiles} files`);
    const bytes = await readSmallFile(join(folder, path), left);
    if (bytes === undefined) throw new FolderFlaw('the files have more bytes than a skill may have');
    left -= bytes.length;
    files.push([path, decodeText(path, bytes)]);
  }

  if (!(await lstat(folder)).isDirectory()) throw new FolderFlaw('it is no folder');
  await visit('', 0);
  return Object.fromEntries(files);
}

/** The text of a file of a skill; what is no UTF-8 is a FolderFlaw. */
export function decodeText(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new FolderFlaw(`${quoted(path)} is no UTF-8 text`);
  }
}

/** The bytes of an ordinary file, never through a link; undefined when it has more than `maxBytes`. */
async function readSmallFile(path: string, maxBytes: number): Promise<Uint8Array | undefined> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw new FolderFlaw(`${quoted(path)} is no ordinary file`);
    if (stat.size > maxBytes) return undefined;
    const bytes = Buffer.alloc(stat.size + 1); // one more, to notice that it grows meanwhile
    const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
    if (bytesRead !== stat.size) throw new FolderFlaw(`${quoted(path)} changed while it was read`);
    return bytes.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** Writes files into a folder that does not exist yet; all of it is on the disk when this resolves. */
export async function writeTextFolder(folder: string, files: BundleFiles): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o750 });
  const folders = new Set(Object.keys(files).flatMap(foldersOf));
  for (const inner of folders) await mkdir(join(folder, inner), { recursive: true, mode: 0o750 });
  for (const [path, text] of Object.entries(files)) await writeSynced(join(folder, path), text);
  for (const inner of folders) await syncFolder(join(folder, inner));
  await syncFolder(folder);
}

/** Creates a file with its text on the disk, or none; one that exists is an error. */
export async function writeSynced(path: string, text: string): Promise<void> {
  await using file: FileHandle = await open(path, 'wx', 0o640);
  try {
    await file.writeFile(text);
    await file.sync();
  } catch (thrown) {
    await rm(path, { force: true }); // a full disk needs the room
    throw thrown;
  }
}

/** Makes what was created, renamed or removed in a folder outlast a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, 'r');
  await handle.sync();
}

/** The same for the folder a path lies in. */
export async function syncParent(path: string): Promise<void> {
  await syncFolder(dirname(path));
}
