import type { BundleFiles } from '../domain/skills/bundle.ts';
import { quoted } from '../domain/skills/finding.ts';
import { FolderFlaw } from './skill-folder.ts';

/** One file of an archive, or why the entry is none that a skill can hold. */
export type TarEntry = { readonly path: string; readonly bytes: Uint8Array };

const block = 512;

/** Longest name in an extended header. */
const maxHeaderBytes = 65_536;

/**
 * Reads the files of a tar archive (ustar, pax, GNU long names). Links, devices and damaged headers are a FolderFlaw; folders are left
 * out. Nothing is unpacked anywhere: names are only names.
 */
export function readTar(archive: Uint8Array): TarEntry[] {
  const entries: TarEntry[] = [];
  let longName: string | undefined;
  for (let at = 0; at + block <= archive.length;) {
    const record = readRecord(archive, at);
    if (record === undefined) break;
    at = record.next;
    if (record.type === 'g') continue; // about the archive as a whole
    if (record.type === 'L' || record.type === 'x') {
      longName = readLongName(record.type, record.bytes) ?? longName;
      continue;
    }
    const path = longName ?? record.path;
    longName = undefined;
    if (isFile(record.type, path)) entries.push({ path, bytes: record.bytes });
  }
  return entries;
}

type TarRecord = TarEntry & { readonly type: string; readonly next: number };

/** One header with what follows it; undefined at the end mark. */
function readRecord(archive: Uint8Array, at: number): TarRecord | undefined {
  const header = archive.subarray(at, at + block);
  if (header.every((byte) => byte === 0)) return undefined;
  checkSum(header);
  const size = readOctal(header.subarray(124, 136));
  const bytes = archive.subarray(at + block, at + block + size);
  if (bytes.length < size) throw new FolderFlaw('the archive ends in the middle of a file');
  const next = at + block + Math.ceil(size / block) * block;
  return { type: String.fromCharCode(header[156] ?? 0), path: nameOf(header), bytes, next };
}

/** False for a folder. */
function isFile(type: string, path: string): boolean {
  if (type === '0' || type === '\0') return true;
  if (type === '5') return false;
  throw new FolderFlaw(`${quoted(path)} is ${/[12]/.test(type) ? 'a link' : 'no ordinary file'}`);
}

function checkSum(header: Uint8Array): void {
  const sum = header.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 32 : byte), 0);
  if (sum !== readOctal(header.subarray(148, 156))) throw new FolderFlaw('the archive is damaged');
}

function readOctal(field: Uint8Array): number {
  const text = textOf(field).trim();
  if (!/^[0-7]+$/.test(text)) throw new FolderFlaw('the archive is damaged or of a kind that is not supported');
  return Number.parseInt(text, 8);
}

/** Up to the first NUL. */
function textOf(field: Uint8Array): string {
  const end = field.indexOf(0);
  return Buffer.from(end < 0 ? field : field.subarray(0, end)).toString('utf8');
}

function nameOf(header: Uint8Array): string {
  const name = textOf(header.subarray(0, 100));
  const hasPrefix = textOf(header.subarray(257, 263)) === 'ustar';
  const prefix = hasPrefix ? textOf(header.subarray(345, 500)) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** The name in an extended header; undefined when it is about other things. */
function readLongName(type: 'L' | 'x', bytes: Uint8Array): string | undefined {
  if (bytes.length > maxHeaderBytes) throw new FolderFlaw('the archive has a header of unlikely size');
  if (type === 'L') return textOf(bytes);
  const text = Buffer.from(bytes).toString('utf8');
  if (/^\d+ (?:size|linkpath)=/m.test(text)) throw new FolderFlaw('the archive is of a kind that is not supported');
  return /^\d+ path=(.*)$/m.exec(text)?.[1];
}

/** A tar archive of files below one folder; the same files give the same bytes. */
export function writeTar(folder: string, files: BundleFiles): Uint8Array {
  const paths = Object.keys(files).toSorted();
  const parts = paths.flatMap((path) => {
    const bytes = Buffer.from(files[path] ?? '');
    const padding = Buffer.alloc((block - (bytes.length % block)) % block);
    return [headerOf(`${folder}/${path}`, bytes.length), bytes, padding];
  });
  return Buffer.concat([...parts, Buffer.alloc(2 * block)]);
}

function headerOf(path: string, size: number): Buffer {
  const header = Buffer.alloc(block);
  const split = path.length <= 100 ? -1 : path.lastIndexOf('/', 155);
  const name = path.slice(split + 1);
  if (name.length > 100) throw new FolderFlaw(`${quoted(path)} is too long a name for an archive`);
  header.write(name, 0);
  header.write('0000644\0' + '0000000\0' + '0000000\0', 100);
  header.write(`${size.toString(8).padStart(11, '0')}\0${'0'.repeat(11)}\0${' '.repeat(8)}0`, 124);
  header.write('ustar\0' + '00', 257);
  if (split > 0) header.write(path.slice(0, split), 345);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}
