import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { TalosError } from '../domain/errors.ts';
import type { SkillShelf } from '../domain/skills/ports.ts';
import { certificateFile } from '../domain/skills/bundle-files.ts';
import type { BundleFiles } from '../domain/skills/bundle.ts';
import { maxCertificateBytes } from '../domain/skills/certificate-seal.ts';
import { noSuchVersion, type VersionRef, versionChanged } from '../domain/skills/skill-name.ts';
import { syncFolder, syncParent, writeTextFolder } from './skill-folder.ts';

/** A version in its place: `<dir>/<shelf>/<id>/<first 12 digits of the hash>`. */
export type ShelvedVersion = { readonly shelf: SkillShelf; readonly folder: string };

/** In the order in which a version is looked for. */
const shelves: readonly SkillShelf[] = ['active', 'quarantine', 'deprecated'];

/** As genesis makes them. */
const shelfModes: Readonly<Record<SkillShelf, number>> = { active: 0o755, quarantine: 0o750, deprecated: 0o750 };

/** Where versions are put together before they are renamed to their place; a crash leaves nothing anywhere else. */
const stagingName = '.staging';

/** Age from which what lies there was left behind by a crash. */
const staleMs = 3_600_000;

/** Digits of the hash in the name of a folder: enough to tell versions apart, few enough to read. */
export const shownDigits = 12;

/** The place of a version on a shelf. */
export function shelve(dir: string, shelf: SkillShelf, { id, hash }: VersionRef): ShelvedVersion {
  return { shelf, folder: join(dir, shelf, id, hash.slice(0, shownDigits)) };
}

/** Where a version lies, if anywhere. */
export async function findVersion(dir: string, version: VersionRef): Promise<ShelvedVersion | undefined> {
  for (const place of placesOf(dir, version)) if (await exists(place.folder)) return place;
  return undefined;
}

/** Everywhere a version lies: more than one place only for a moment, between two processes. */
export async function findCopies(dir: string, version: VersionRef): Promise<ShelvedVersion[]> {
  const found: ShelvedVersion[] = [];
  for (const place of placesOf(dir, version)) if (await exists(place.folder)) found.push(place);
  return found;
}

function placesOf(dir: string, version: VersionRef): ShelvedVersion[] {
  return shelves.map((shelf) => shelve(dir, shelf, version));
}

/** Looks at all shelves so often before a version counts as missing: it may be moved behind the back of who looks. */
const rounds = 5;

/** Where a version lies; fails with NOT_FOUND. */
export async function requireVersion(dir: string, version: VersionRef): Promise<ShelvedVersion> {
  for (let round = 0; round < rounds; round += 1) {
    const found = await findVersion(dir, version);
    if (found !== undefined) return found;
  }
  throw noSuchVersion(version);
}

/** Writes files where nobody looks for skills, and removes what crashes left there. */
export async function stageFiles(dir: string, files: BundleFiles, now: number): Promise<string> {
  const folder = await stagingPlace(dir);
  await removeStale(dirname(folder), now - staleMs);
  try {
    await writeTextFolder(folder, files);
  } catch (thrown) {
    await rm(folder, { recursive: true, force: true }); // a full disk needs the room
    throw thrown;
  }
  return folder;
}

/** A free name for something that is put together or thrown away. */
export async function stagingPlace(dir: string): Promise<string> {
  await mkdir(join(dir, stagingName), { recursive: true, mode: 0o700 });
  return join(dir, stagingName, randomUUID());
}

/** Removes a folder; it is gone from its place in one step. */
export async function discard(dir: string, folder: string): Promise<void> {
  const bin = await stagingPlace(dir);
  if (await moveToFree(folder, bin)) await syncParent(folder);
  await rm(bin, { recursive: true, force: true });
}

/** Renames a folder to its place on a shelf; false when there was nothing to rename or something lies there already. */
export async function settle(dir: string, from: string, { shelf, folder }: ShelvedVersion): Promise<boolean> {
  await mkdir(join(dir, shelf), { recursive: true, mode: shelfModes[shelf] });
  await mkdir(dirname(folder), { recursive: true, mode: 0o750 });
  const isMoved = await moveToFree(from, folder);
  await syncParent(folder);
  await syncFolder(join(dir, shelf));
  return isMoved;
}

/** The text of the certificate beside a version, if there is one; what is no ordinary small file fails with SKILL_CHANGED. */
export async function readCertificateText(folder: string, version: VersionRef): Promise<string | undefined> {
  const path = join(folder, certificateFile);
  const stat = await lstat(path).catch(ignoreMissing);
  if (stat === undefined) return undefined;
  if (!stat.isFile() || stat.size > maxCertificateBytes) {
    throw versionChanged(version, `${certificateFile} is no ordinary file of its size`);
  }
  await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  return await file.readFile('utf8');
}

/** Whether there is anything of this name, were it a link to nowhere. */
export async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(ignoreMissing)) !== undefined;
}

/** Failures of the disk become SKILLS_UNAVAILABLE. */
export async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause) || cause instanceof TalosError) throw cause;
    const message = `The folder of skills cannot be used (${cause.message}); free space or mend its owner and mode, then try again.`;
    throw new TalosError('SKILLS_UNAVAILABLE', message, { cause });
  }
}

async function moveToFree(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (thrown) {
    if (hasCode(thrown, 'ENOTEMPTY', 'EEXIST', 'ENOENT', 'ENOTDIR')) return false;
    throw thrown;
  }
}

async function removeStale(staging: string, before: number): Promise<void> {
  for (const name of await readdir(staging)) {
    const path = join(staging, name);
    const stat = await lstat(path).catch(ignoreMissing);
    if (stat !== undefined && stat.mtimeMs < before) await rm(path, { recursive: true, force: true });
  }
}

function ignoreMissing(thrown: unknown): undefined {
  if (hasCode(thrown, 'ENOENT', 'ENOTDIR')) return undefined;
  throw thrown;
}

function hasCode(thrown: unknown, ...codes: readonly string[]): boolean {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' && codes.includes(thrown.code);
}
