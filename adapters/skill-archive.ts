import { open, realpath, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip, gzipSync } from 'node:zlib';

import { TalosError } from '../domain/errors.ts';
import { hideSecrets } from '../domain/hide-secrets.ts';
import { certificateFile, isLeftBehind, maxBundleFiles } from '../domain/skills/bundle-files.ts';
import type { BundleFiles, SkillBundle } from '../domain/skills/bundle.ts';
import { formatCertificate, parseCertificate } from '../domain/skills/certificate-seal.ts';
import type { PromotionCertificate } from '../domain/skills/certificate.ts';
import { manifestFile } from '../domain/skills/read-manifest.ts';
import { documentFile } from '../domain/skills/skill-document.ts';
import { decodeText, FolderFlaw, readTextFolder } from './skill-folder.ts';
import { readTar, type TarEntry, writeTar } from './tar.ts';
import { readZip, writeZip } from './zip.ts';

/** A skill as it was found somewhere: not checked yet by any rule but those of its container. */
export type FoundSkill = {
  readonly files: BundleFiles;
  /** From the node it was exported by, if it was promoted there; says nothing until it is verified. */
  readonly certificate?: PromotionCertificate;
};

/** SKILL_MAX_SIZE_BYTES bounds what is read, and what comes out of an archive. */
export type ReadLimits = { readonly maxBytes: number };

/** Room for what is no part of a skill: headers of an archive, a certificate, what is passed over. */
const overhead = 1_048_576;

/** Reads a skill from a folder or an archive (.zip, .tar.gz, .tgz, .tar) of this machine. Fails with NOT_FOUND, SKILL_INVALID. */
export async function readSkillPath(path: string, limits: ReadLimits): Promise<FoundSkill> {
  return await asFound(path, async () => {
    if ((await stat(path)).isDirectory()) {
      const options = { ...withRoom(limits), skips: isPassedOver, emptyFolders: 'ignored' } as const;
      return toFound(await readTextFolder(await realpath(path), options));
    }
    return fromEntries(await readEntries(await readArchive(path, limits), limits));
  });
}

/** Reads a skill from the bytes of an archive. Fails with SKILL_INVALID. */
export async function readSkillArchive(archive: Buffer, limits: ReadLimits): Promise<FoundSkill> {
  return await asFound('The archive', async () => fromEntries(await readEntries(archive, limits)));
}

/** How a skill is exported. */
export type ArchiveKind = 'zip' | 'tar.gz';

/**
 * A skill as an archive with one folder of its name, as the Agent Skills format wants it; with its certificate if there is one. The same
 * skill gives the same bytes.
 */
export function writeSkillArchive(
  { manifest, files }: Pick<SkillBundle, 'manifest' | 'files'>,
  kind: ArchiveKind,
  certificate?: PromotionCertificate,
): Uint8Array {
  const all = { ...files, ...(certificate === undefined ? {} : { [certificateFile]: formatCertificate(certificate) }) };
  return kind === 'zip' ? writeZip(manifest.id, all) : gzipSync(writeTar(manifest.id, all), { level: 9 });
}

/** Whether the last part of a path is none of a skill. */
function isPassedOver(path: string): boolean {
  return isLeftBehind(path.slice(path.lastIndexOf('/') + 1));
}

async function readArchive(path: string, limits: ReadLimits): Promise<Buffer> {
  await using file = await open(path, 'r');
  const { size } = await file.stat();
  if (size > withRoom(limits).maxBytes) throw new FolderFlaw('the archive is larger than a skill may be');
  return await file.readFile();
}

/** Whether the files alone are too many bytes is told when they are known to be a skill. */
function withRoom({ maxBytes }: ReadLimits): ReadLimits {
  return { maxBytes: maxBytes + overhead };
}

async function readEntries(archive: Buffer, limits: ReadLimits): Promise<TarEntry[]> {
  const { maxBytes } = withRoom(limits);
  const kind = archive.subarray(0, 4).toString('latin1');
  if (kind.startsWith('PK')) return await readZip(archive, { maxBytes, maxFiles: maxBundleFiles * 2 });
  if (kind.startsWith('\u001f\u008b')) return readTar(await expand(archive, maxBytes));
  if (archive.subarray(257, 262).toString('latin1') === 'ustar') return readTar(archive);
  throw new FolderFlaw('it is neither a folder nor a .zip, .tar.gz or .tar archive');
}

/** Stops at the limit, however much more would come out. */
async function expand(archive: Buffer, maxOutputLength: number): Promise<Buffer> {
  try {
    return await promisify(gunzip)(archive, { maxOutputLength });
  } catch (thrown) {
    const isBomb = thrown instanceof Error && 'code' in thrown && thrown.code === 'ERR_BUFFER_TOO_LARGE';
    throw new FolderFlaw(isBomb ? 'the archive holds more bytes than a skill may have' : 'the archive is damaged');
  }
}

function fromEntries(entries: readonly TarEntry[]): FoundSkill {
  const kept = entries
    .map(({ path, bytes }) => ({ path: path.replace(/^(?:\.\/)+/, ''), bytes }))
    .filter(({ path }) => !path.split('/').some((part) => part !== '..' && part !== '.' && isPassedOver(part)));
  const names = new Set(kept.map(({ path }) => path));
  if (names.size < kept.length) throw new FolderFlaw('the archive holds a file twice');
  return toFound(withoutTopFolder(Object.fromEntries(kept.map(({ path, bytes }) => [path, decodeText(path, bytes)]))));
}

/** Most archives hold one folder that holds the rest. */
function withoutTopFolder(files: BundleFiles): BundleFiles {
  const paths = Object.keys(files);
  if (paths.includes(documentFile) || paths.includes(manifestFile)) return files;
  const top = paths[0]?.slice(0, paths[0].indexOf('/') + 1) ?? '';
  if (top === '' || !paths.every((path) => path.startsWith(top))) return files;
  return Object.fromEntries(Object.entries(files).map(([path, text]) => [path.slice(top.length), text]));
}

function toFound(all: BundleFiles): FoundSkill {
  const { [certificateFile]: text, ...files } = all;
  const certificate = text === undefined ? undefined : parseCertificate(text);
  if (text !== undefined && certificate === undefined) throw new FolderFlaw(`${certificateFile} was changed`);
  return { files, ...(certificate === undefined ? {} : { certificate }) };
}

/** Says of what is no skill where it lies and why. */
export async function asFound(place: string, read: () => Promise<FoundSkill>): Promise<FoundSkill> {
  const shown = hideSecrets(place); // somebody may have meant an address
  try {
    return await read();
  } catch (cause) {
    if (cause instanceof FolderFlaw)
      throw new TalosError('SKILL_INVALID', `${shown} is no skill: ${cause.message}.`, { cause });
    if (cause instanceof Error && 'code' in cause && (cause.code === 'ENOENT' || cause.code === 'ENOTDIR')) {
      throw new TalosError(
        'NOT_FOUND',
        `There is no ${shown}; give a folder, an archive or the https:// address of a repository.`,
        { cause },
      );
    }
    throw cause;
  }
}
