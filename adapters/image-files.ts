import { createHash, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { TalosError } from '../domain/errors.ts';
import { mostImageBytes } from '../domain/images/limits.ts';
import type { ImageStore } from '../domain/images/ports.ts';

/** Keeps pictures as files named by their hash, readable by their owner alone. */
export function createImageFiles({ dir }: { readonly dir: string }): ImageStore {
  const pathOf = (hash: string) => join(dir, hash);
  return {
    async put({ type, bytes }) {
      const hash = hashOf(bytes);
      return guarded(dir, async () => {
        const isKept = (await readWhole(pathOf(hash), hash)) !== undefined && (await touch(pathOf(hash)));
        if (!isKept) await write(pathOf(hash), bytes);
        return { hash, type, bytes: bytes.length };
      });
    },
    get: (hash) => guarded(dir, () => readWhole(pathOf(hash), hash)),
  };
}

/** Undefined for no file, and for one that is not what its name says. */
async function readWhole(path: string, hash: string): Promise<Uint8Array | undefined> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(isNone);
  if (file === undefined) return undefined;
  try {
    const stat = await file.stat();
    if (!stat.isFile() || stat.size > mostImageBytes) return undefined;
    const bytes = await file.readFile();
    return hashOf(bytes) === hash ? bytes : undefined;
  } finally {
    await file.close();
  }
}

/** The whole picture under its name or nothing, on the disk once this resolves. */
async function write(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await withFile(await open(temporary, 'wx', 0o600), async (file) => {
      await file.writeFile(bytes);
      await file.sync();
    });
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
  await withFile(await open(dirname(path)), (folder) => folder.sync());
}

/** Makes a picture young again, so that the night spares it until a message shows it; false when it has just gone. */
async function touch(path: string): Promise<boolean> {
  const now = new Date();
  return await utimes(path, now, now)
    .then(() => true, isNone)
    .then((isThere) => isThere === true);
}

async function withFile(file: FileHandle, use: (file: FileHandle) => Promise<void>): Promise<void> {
  try {
    await use(file);
  } finally {
    await file.close();
  }
}

function isNone(thrown: unknown): undefined {
  if (codeOf(thrown) === 'ENOENT' || codeOf(thrown) === 'ELOOP') return undefined;
  throw thrown;
}

async function guarded<T>(dir: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const code = codeOf(cause);
    if (code === 'ENOSPC' || code === 'EDQUOT') {
      throw new TalosError('DISK_FULL', `There is no room for images in ${dir}; free some, then try again.`, { cause });
    }
    throw new TalosError('STORE_UNAVAILABLE', `Images in ${dir} cannot be kept or read (${code}).`, { cause });
  }
}

function codeOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : String(thrown);
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
