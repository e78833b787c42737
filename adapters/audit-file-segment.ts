import { type FileHandle, link, mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { type AuditSigner, chainEntry, emptyHead, recordHeads, type SegmentHead } from '../domain/audit/chain.ts';
import { type AuditEntry, formatEntry } from '../domain/audit/entry.ts';
import { readUnrecordedHeads, segmentPath } from './audit-file-heads.ts';

/** A segment this process writes. After a failed write it must not be used again. */
export type OpenSegment = {
  readonly file: FileHandle;
  head: SegmentHead;
  bytes: number;
};

/** What a writer needs of the world. `random` gives eight hex digits. */
export type SegmentDeps = {
  readonly dir: string;
  readonly process: string;
  readonly signer: AuditSigner;
  readonly now: () => number;
  readonly random: () => string;
};

/** What an entry says before it is chained. */
export type EntryContent = Pick<AuditEntry, 'type' | 'actor' | 'subject' | 'details'>;

/**
 * Starts a segment whose first entry records the heads of the others. It is written under a hidden name and only then given its own,
 * so that no other process ever sees a segment without its start.
 */
export async function startSegment(deps: SegmentDeps): Promise<OpenSegment> {
  await mkdir(deps.dir, { recursive: true, mode: 0o750 });
  const name = segmentName(deps);
  const hidden = join(deps.dir, `.new-${name}`);
  const file = await open(hidden, 'ax', 0o640);
  try {
    const segment = { file, head: emptyHead(name), bytes: 0 };
    const details = recordHeads(await readUnrecordedHeads(deps.dir));
    await writeEntries(segment, [{ type: 'log-start', actor: deps.process, subject: undefined, details }], deps);
    await link(hidden, segmentPath(deps.dir, name)); // fails when the name is taken, as a rename would not
    await rm(hidden);
    await syncDirectory(deps.dir);
    return segment;
  } catch (error) {
    await file.close();
    await rm(hidden, { force: true });
    throw error;
  }
}

/** Chains, writes and syncs entries in one go; they are on disk when it resolves. */
export async function writeEntries(
  segment: OpenSegment,
  contents: readonly EntryContent[],
  deps: Pick<SegmentDeps, 'signer' | 'now'>,
): Promise<AuditEntry[]> {
  const entries: AuditEntry[] = [];
  let { head } = segment;
  for (const content of contents) {
    const entry = chainEntry(head, { ...content, time: deps.now() }, deps.signer);
    head = { segment: head.segment, seq: entry.seq, hash: entry.hash };
    entries.push(entry);
  }
  const text = entries.map((entry) => `${formatEntry(entry)}\n`).join('');
  await segment.file.appendFile(text);
  await segment.file.datasync();
  const { nlink } = await segment.file.stat();
  if (nlink === 0) throw new Error(`the segment ${head.segment} was deleted while it was written`);
  segment.head = head;
  segment.bytes += text.length;
  return entries;
}

function segmentName({ now, process, random }: SegmentDeps): string {
  const started = new Date(now()).toISOString().replaceAll(/[-:.]/g, '');
  const writer = process
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]/g, '-')
    .slice(0, 40);
  return `audit-${started}-${writer}-${random()}`;
}

async function syncDirectory(dir: string): Promise<void> {
  const handle = await open(dir, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
