import type { KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import { compareEntries, csvHeader, csvRow } from '../domain/audit/csv.ts';
import { type AuditEntry, parseEntry } from '../domain/audit/entry.ts';
import type { AuditExport, AuditReader } from '../domain/audit/reader.ts';
import { type AuditReport, concludeVerification, type SegmentText, verifySegment } from '../domain/audit/verify.ts';
import { TalosError } from '../domain/errors.ts';
import { createAuditChecker } from './audit-file-crypto.ts';
import { listSegments, segmentPath } from './audit-file-heads.ts';

type WriteLine = (line: string) => Promise<void> | void;

/** The reader of one audit directory. */
export function createAuditReader(dir: string, publicKey: KeyObject): AuditReader {
  return { verify: () => verifyAuditDir(dir, publicKey), exportCsv: (write) => exportAuditCsv(dir, write) };
}

/** Checks every line of the log; what is found is in the report. Fails with AUDIT_UNAVAILABLE when the files cannot be read. */
export async function verifyAuditDir(dir: string, publicKey: KeyObject): Promise<AuditReport> {
  const checker = createAuditChecker(publicKey);
  const results = await mapSegments(dir, (segment) => verifySegment(segment, checker));
  return concludeVerification(results);
}

/** Writes the log as CSV, merged by time. It does not verify: a broken log can be exported, too. */
export async function exportAuditCsv(dir: string, write: WriteLine): Promise<AuditExport> {
  const entries: AuditEntry[] = [];
  let unreadable = 0;
  await mapSegments(dir, ({ text }) => {
    for (const line of text.split('\n').slice(0, -1)) {
      const entry = parseEntry(line);
      if (entry === undefined) unreadable += 1;
      else entries.push(entry);
    }
  });
  await write(csvHeader);
  for (const entry of entries.toSorted(compareEntries)) await write(csvRow(entry));
  return { rows: entries.length, unreadable };
}

/** One segment after the other, so that only one is in memory. */
async function mapSegments<Result>(dir: string, use: (segment: SegmentText) => Result): Promise<Result[]> {
  const results: Result[] = [];
  for (const name of await readOr(dir, () => listSegments(dir))) {
    // latin1 keeps foreign bytes apart: an entry is ASCII, so each of them shows as a change.
    results.push(use({ name, text: await readOr(dir, () => readFile(segmentPath(dir, name), 'latin1')) }));
  }
  return results;
}

async function readOr<Result>(dir: string, read: () => Promise<Result>): Promise<Result> {
  try {
    return await read();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TalosError('AUDIT_UNAVAILABLE', `The audit log in ${dir} cannot be read: ${reason}`, { cause });
  }
}
