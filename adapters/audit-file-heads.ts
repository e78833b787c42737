import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { recordedHeads, type SegmentHead, unrecordedHeads } from '../domain/audit/chain.ts';
import { type AuditEntry, parseEntry, SegmentName } from '../domain/audit/entry.ts';

const ending = '.jsonl';

/** File of a segment. */
export function segmentPath(dir: string, segment: string): string {
  return join(dir, segment + ending);
}

/** Names of all segments of the log, by start time; none when there is no such directory yet. */
export async function listSegments(dir: string): Promise<string[]> {
  const files = await readdir(dir).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const names = files.filter((file) => file.endsWith(ending)).map((file) => file.slice(0, -ending.length));
  return names.filter((name) => SegmentName.safeParse(name).success).toSorted();
}

/** The heads a new segment has to record. What they hold is on disk before this resolves. */
export async function readUnrecordedHeads(dir: string): Promise<SegmentHead[]> {
  const heads: SegmentHead[] = [];
  const recorded: SegmentHead[] = [];
  for (const segment of await listSegments(dir)) {
    const ends = await readEnds(segmentPath(dir, segment));
    // An end that cannot be read is damage: it is found by a verification and no reason to record nothing more.
    if (ends.last !== undefined) heads.push({ segment, seq: ends.last.seq, hash: ends.last.hash });
    if (ends.first !== undefined) recorded.push(...recordedHeads(ends.first));
  }
  return unrecordedHeads(heads, recorded);
}

type Ends = { readonly first: AuditEntry | undefined; readonly last: AuditEntry | undefined };

async function readEnds(path: string): Promise<Ends> {
  const file = await open(path, 'r');
  try {
    const last = await readLastLine(file);
    // Another process may have written this line a moment ago: recording it makes it something that must never be lost.
    if (last?.type !== 'log-end') await file.datasync();
    return { first: await readFirstLine(file), last };
  } finally {
    await file.close();
  }
}

const firstWindow = 16_384;

async function readFirstLine(file: FileHandle): Promise<AuditEntry | undefined> {
  const { size } = await file.stat();
  for (let length = firstWindow; ; length *= 4) {
    const text = await readRange(file, 0, Math.min(length, size));
    const end = text.indexOf('\n');
    if (end >= 0) return parseEntry(text.slice(0, end));
    if (length >= size) return undefined;
  }
}

async function readLastLine(file: FileHandle): Promise<AuditEntry | undefined> {
  const { size } = await file.stat();
  for (let length = firstWindow; ; length *= 4) {
    const start = Math.max(0, size - length);
    const text = await readRange(file, start, size - start);
    const complete = text.slice(0, text.lastIndexOf('\n'));
    const lineStart = complete.lastIndexOf('\n') + 1;
    if (lineStart > 0 || start === 0) return parseEntry(complete.slice(lineStart));
  }
}

/** Lines are ASCII; latin1 keeps every foreign byte visible as one character. */
async function readRange(file: FileHandle, position: number, length: number): Promise<string> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, position);
  return buffer.toString('latin1', 0, bytesRead);
}
