import { readFile, stat } from 'node:fs/promises';

import { formatEntry, parseEntry } from '../domain/audit/entry.ts';
import { listSegments, segmentPath } from './audit-file-heads.ts';
import type { EntryContent } from './audit-file-segment.ts';

/** Clocks of two machines may be so far apart. */
const skewMs = 60_000;

/** Whether an event is in a segment that was written to since a moment. It does not verify. */
export async function isOnRecord(dir: string, event: EntryContent, since: number): Promise<boolean> {
  for (const name of (await listSegments(dir)).toReversed()) {
    const path = segmentPath(dir, name);
    if ((await stat(path)).mtimeMs < since - skewMs) continue;
    const lines = (await readFile(path, 'latin1')).split('\n');
    if (lines.some((line) => isEntryOf(line, event))) return true;
  }
  return false;
}

function isEntryOf(line: string, { type, actor, subject, details }: EntryContent): boolean {
  if (!line.includes(`"type":"${type}"`)) return false; // most lines need no parsing
  const entry = parseEntry(line);
  return entry !== undefined && formatEntry({ ...entry, type, actor, subject, details }) === line;
}
