import { createHash, type Hash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { type FileHandle, link, open, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';

import { archiveName } from '../../domain/night/log-files.ts';
import { ownMark } from '../sandbox/owner-mark.ts';

/** So many archives of one name are possible; more mean that something else is wrong. */
const mostNames = 100;

/**
 * Makes the archive of a log beside it: written whole to a temporary file, synced, read back and compared, and only then given a name,
 * which never is that of another archive. The log itself stays. False when it changed meanwhile, and then there is no archive.
 */
export async function archiveLog(dir: string, name: string, signal: AbortSignal): Promise<boolean> {
  const temporary = join(dir, `.${name}.${ownMark('log')}.gz`);
  try {
    const digest = await writeArchive(join(dir, name), temporary, signal);
    if (digest === undefined) return false;
    await giveName(dir, { name, temporary, digest });
    return true;
  } finally {
    await rm(temporary, { force: true });
  }
}

/** The digest of what was packed; undefined when the log is no ordinary file or was written to meanwhile. */
async function writeArchive(path: string, temporary: string, signal: AbortSignal): Promise<string | undefined> {
  await using log = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  const before = await log.stat();
  if (!before.isFile()) return undefined;
  await using archive = await open(temporary, 'w', 0o640);
  const packed = await pack(log, archive, signal);
  await archive.sync();
  if ((await contentDigest(temporary, signal)) !== packed)
    throw new Error(`The archive of ${path} cannot be read back.`);
  await utimes(temporary, before.atime, before.mtime); // the age of an archive is that of its log
  const after = await stat(path);
  const isSame = after.ino === before.ino && after.size === before.size && after.mtimeMs === before.mtimeMs;
  return isSame ? packed : undefined;
}

async function pack(log: FileHandle, archive: FileHandle, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  const from = log.createReadStream({ autoClose: false, start: 0 });
  await pipeline(from, hashing(hash), createGzip(), archive.createWriteStream({ autoClose: false }), { signal });
  return hash.digest('hex');
}

async function contentDigest(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), createGunzip(), hash, { signal });
  return hash.digest('hex');
}

async function giveName(
  dir: string,
  { name, temporary, digest }: { name: string; temporary: string; digest: string },
): Promise<void> {
  for (let attempt = 1; attempt <= mostNames; attempt += 1) {
    const path = join(dir, archiveName(name, attempt));
    if (await linkNew(temporary, path)) return;
    const there = await contentDigest(path, AbortSignal.timeout(60_000)).catch(() => undefined); // damaged: another name
    if (there === digest) return; // made by a run that was killed before the log was removed
  }
  throw new Error(`There are ${mostNames} archives of ${name} in ${dir}.`);
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

function hashing(hash: Hash): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
}
