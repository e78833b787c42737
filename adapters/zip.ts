import { crc32 } from 'node:zlib';

import { type Entry, fromBuffer, type ZipFile } from 'yauzl';

import type { BundleFiles } from '../domain/skills/bundle.ts';
import { quoted } from '../domain/skills/finding.ts';
import { FolderFlaw } from './skill-folder.ts';
import type { TarEntry } from './tar.ts';

/** What an archive may hold. */
export type ArchiveLimits = { readonly maxBytes: number; readonly maxFiles: number };

/**
 * Reads the files of a zip archive, counting what really comes out of it. Links, encryption, names that leave the archive, and more than the
 * limits are a FolderFlaw.
 */
export async function readZip(archive: Buffer, limits: ArchiveLimits): Promise<TarEntry[]> {
  const zip = await openZip(archive);
  const entries: TarEntry[] = [];
  let left = limits.maxBytes;
  for await (const entry of entriesOf(zip)) {
    if (entry.fileName.endsWith('/')) continue;
    checkEntry(entry);
    if (entries.length >= limits.maxFiles) throw new FolderFlaw(`there are more than ${limits.maxFiles} files`);
    const bytes = await readEntry(zip, entry, left);
    left -= bytes.length;
    entries.push({ path: entry.fileName, bytes });
  }
  return entries;
}

function openZip(archive: Buffer): Promise<ZipFile> {
  return new Promise((resolve, reject) => {
    const options = { lazyEntries: true, autoClose: false, strictFileNames: true, validateEntrySizes: true };
    fromBuffer(archive, options, (error, zip) => {
      if (error === null) resolve(zip);
      else reject(damaged(error));
    });
  });
}

async function* entriesOf(zip: ZipFile): AsyncGenerator<Entry> {
  for (;;) {
    const entry = await new Promise<Entry | undefined>((resolve, reject) => {
      zip.once('entry', resolve);
      zip.once('end', () => resolve(undefined));
      zip.once('error', (error: Error) => reject(damaged(error)));
      zip.readEntry();
    });
    zip.removeAllListeners();
    if (entry === undefined) return;
    yield entry;
  }
}

const linkType = 0o120000;
const fileType = 0o100000;

/** Only Unix writes the type of a file into an archive. */
function checkEntry(entry: Entry): void {
  const type = (entry.externalFileAttributes >>> 16) & 0o170000;
  if (type === linkType) throw new FolderFlaw(`${quoted(entry.fileName)} is a link`);
  if (type !== 0 && type !== fileType) throw new FolderFlaw(`${quoted(entry.fileName)} is no ordinary file`);
  if (entry.isEncrypted()) throw new FolderFlaw(`${quoted(entry.fileName)} is encrypted`);
}

async function readEntry(zip: ZipFile, entry: Entry, maxBytes: number): Promise<Uint8Array> {
  const tooLarge = (): FolderFlaw => new FolderFlaw('the archive holds more bytes than a skill may have');
  if (entry.uncompressedSize > maxBytes) throw tooLarge();
  const stream = await new Promise<NodeJS.ReadableStream>((resolve, reject) => {
    zip.openReadStream(entry, (error, opened) => (error === null ? resolve(opened) : reject(damaged(error))));
  });
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of stream) {
      const bytes = Buffer.from(chunk);
      size += bytes.length;
      if (size > maxBytes) throw tooLarge();
      chunks.push(bytes);
    }
  } catch (thrown) {
    throw thrown instanceof FolderFlaw ? thrown : damaged(thrown);
  }
  const bytes = Buffer.concat(chunks);
  if (crc32(bytes) !== entry.crc32) throw new FolderFlaw(`${quoted(entry.fileName)} is damaged`);
  return bytes;
}

function damaged(cause: unknown): FolderFlaw {
  const reason = cause instanceof Error ? quoted(cause.message, 150) : '';
  return new FolderFlaw(`the archive cannot be read: ${reason}`);
}

/** 1980-01-01, the earliest day a zip archive knows. */
const firstDay = 0x0021;

/** A zip archive of files below one folder, stored without compression; the same files give the same bytes. */
export function writeZip(folder: string, files: BundleFiles): Uint8Array {
  const bodies: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const path of Object.keys(files).toSorted()) {
    const bytes = Buffer.from(files[path] ?? '');
    const name = Buffer.from(`${folder}/${path}`);
    const common = commonFields(bytes, name);
    const local = Buffer.concat([Buffer.from('504b0304', 'hex'), common, name, bytes]);
    directory.push(centralEntry(common, name, offset));
    bodies.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  return Buffer.concat([...bodies, central, endOfDirectory(directory.length, central.length, offset)]);
}

/** What the entry has in both places: version, flags (UTF-8 names), method, time, sum, sizes, length of its name. */
function commonFields(bytes: Buffer, name: Buffer): Buffer {
  const fields = Buffer.alloc(26);
  fields.writeUInt16LE(20, 0);
  fields.writeUInt16LE(0x0800, 2);
  fields.writeUInt16LE(firstDay, 8);
  fields.writeUInt32LE(crc32(bytes), 10);
  fields.writeUInt32LE(bytes.length, 14);
  fields.writeUInt32LE(bytes.length, 18);
  fields.writeUInt16LE(name.length, 22);
  return fields;
}

function centralEntry(common: Buffer, name: Buffer, offset: number): Buffer {
  const madeByUnix = Buffer.from([20, 3]);
  const rest = Buffer.alloc(14);
  rest.writeUInt32LE(((fileType | 0o644) << 16) >>> 0, 6);
  rest.writeUInt32LE(offset, 10);
  return Buffer.concat([Buffer.from('504b0102', 'hex'), madeByUnix, common, rest, name]);
}

function endOfDirectory(count: number, size: number, offset: number): Buffer {
  const end = Buffer.alloc(22);
  end.write('504b0506', 'hex');
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(size, 12);
  end.writeUInt32LE(offset, 16);
  return end;
}
