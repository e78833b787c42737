import { execFile } from 'node:child_process';
import { createHash, type Hash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { link, lstat, open, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createGunzip, createGzip } from 'node:zlib';

import { archiveName } from '../../domain/night/log-files.ts';
import { ownMark } from '../sandbox/owner-mark.ts';

/** So many archives of one name are possible; more mean that something else is wrong. */
const mostNames = 100;

/** An archive that has no name yet, and what it is of. */
export type NewArchive = { readonly name: string; readonly temporary: string; readonly digest: string };

/**
 * Packs a log into a temporary file beside it, reads that back and compares. Undefined when the log is no ordinary file, or was written to
 * or removed meanwhile; then, and when it fails, nothing is left.
 */
export async function packLog(dir: string, name: string, signal: AbortSignal): Promise<NewArchive | undefined> {
  const temporary = join(dir, `.${name}.${ownMark('log')}.gz`);
  try {
    const digest = await writeArchive(join(dir, name), temporary, signal);
    if (digest !== undefined) return { name, temporary, digest };
  } catch (thrown) {
    await rm(temporary, { force: true });
    if (await isGone(join(dir, name))) return undefined;
    throw thrown;
  }
  await rm(temporary, { force: true });
  return undefined;
}

/** Brings archives to the disk for good: all at once where the system can, one after the other elsewhere. */
export async function syncArchives(dir: string, archives: readonly NewArchive[]): Promise<void> {
  const isSynced = await promisify(execFile)('sync', ['-f', dir]).then(
    () => true,
    () => false, // not every system has it
  );
  if (isSynced) return;
  for (const { temporary } of archives) {
    await using file = await open(temporary, 'r+');
    await file.sync();
  }
}

/** Gives an archive a name, which never is that of another one. */
export async function nameArchive(dir: string, { name, temporary, digest }: NewArchive): Promise<void> {
  for (let attempt = 1; attempt <= mostNames; attempt += 1) {
    const path = join(dir, archiveName(name, attempt));
    if (await linkNew(temporary, path)) return;
    const there = await contentDigest(path, AbortSignal.timeout(60_000)).catch(() => undefined); // damaged: another name
    if (there === digest) return; // made by a run that was killed before the log was removed
  }
  throw new Error(`There are ${mostNames} archives of ${name} in ${dir}.`);
}

/** The digest of what was packed; undefined when the log is no ordinary file or was written to meanwhile. */
async function writeArchive(path: string, temporary: string, signal: AbortSignal): Promise<string | undefined> {
  const before = await lstat(path);
  if (!before.isFile()) return undefined;
  const packed = await pack(path, temporary, signal);
  if ((await contentDigest(temporary, signal)) !== packed)
    throw new Error(`The archive of ${path} cannot be read back.`);
  await utimes(temporary, before.atime, before.mtime); // the age of an archive is that of its log
  const after = await lstat(path);
  const isSame = after.ino === before.ino && after.size === before.size && after.mtimeMs === before.mtimeMs;
  return isSame ? packed : undefined;
}

async function pack(path: string, temporary: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  const log = createReadStream(path);
  const archive = createWriteStream(temporary, { mode: 0o640 });
  await pipeline(log, hashing(hash), createGzip(), archive, { signal });
  return hash.digest('hex');
}

async function contentDigest(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), createGunzip(), hash, { signal });
  return hash.digest('hex');
}

async function linkNew(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST') return false;
    throw thrown;
  }
}

async function isGone(path: string): Promise<boolean> {
  return await lstat(path).then(
    () => false,
    (thrown: NodeJS.ErrnoException) => thrown.code === 'ENOENT',
  );
}

function hashing(hash: Hash): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
}
