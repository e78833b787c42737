import type { KeyObject } from 'node:crypto';
import { open, readFile, stat } from 'node:fs/promises';
import { setImmediate as breathe } from 'node:timers/promises';

import type { AuditChecker } from '../domain/audit/chain.ts';
import { compareEntries } from '../domain/audit/csv.ts';
import { type AuditEntry, parseEntry } from '../domain/audit/entry.ts';
import type { AuditTrail, TrailCheck, TrailRange } from '../domain/audit/trail.ts';
import { concludeVerification, type SegmentResult, verifySegmentInSteps } from '../domain/audit/verify.ts';
import { TalosError } from '../domain/errors.ts';
import { createAuditChecker } from './audit-file-crypto.ts';
import { listSegments, segmentPath } from './audit-file-heads.ts';

/** Clocks of two machines may be so far apart. */
const skewMs = 60_000;

/** No more of the log is read for one answer: eight full segments. */
const mostBytes = 256 * 1024 * 1024;

/** Reads the newest part of the log in a directory. */
export function createAuditTrail(dir: string, publicKey: KeyObject): AuditTrail {
  return {
    entries: (range) => guarded(dir, () => readEntries(dir, range)),
    verify: (range) => guarded(dir, () => verifyNewest(dir, range, createAuditChecker(publicKey))),
  };
}

async function readEntries(dir: string, range: TrailRange): ReturnType<AuditTrail['entries']> {
  const found: AuditEntry[] = [];
  let bytes = 0;
  for (const { name, size } of await newestSegments(dir, range.since)) {
    bytes += size;
    if (bytes > mostBytes) return newest(found, range.most, false);
    for await (const line of readLines(segmentPath(dir, name))) {
      const entry = entryOf(line, range);
      if (entry !== undefined) found.push(entry);
    }
  }
  return newest(found, range.most, true);
}

function newest(found: readonly AuditEntry[], most: number, isAllRead: boolean) {
  return { entries: found.toSorted(compareEntries).slice(-most), isWhole: isAllRead && found.length <= most };
}

/** Most lines need no parsing. */
function entryOf(line: string, { since, types }: TrailRange): AuditEntry | undefined {
  if (!types.some((type) => line.includes(`"type":"${type}"`))) return undefined;
  const entry = parseEntry(line);
  return entry !== undefined && entry.time >= since && types.includes(entry.type) ? entry : undefined;
}

/** Lines in the one encoding that keeps foreign bytes apart; what has no end yet is none. */
async function* readLines(path: string): AsyncGenerator<string> {
  const file = await open(path, 'r');
  let rest = '';
  for await (const chunk of file.createReadStream({ encoding: 'latin1', highWaterMark: 1_048_576 })) {
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}

async function verifyNewest(
  dir: string,
  { since, signal }: { since: number; signal: AbortSignal },
  checker: AuditChecker,
): Promise<TrailCheck> {
  const existing = new Set(await listSegments(dir));
  const segments = await newestSegments(dir, since);
  const results: SegmentResult[] = [];
  for (const { name } of segments) {
    const result = await verifyOne({ dir, name, checker }, signal);
    if (result === undefined) break;
    results.push(result);
  }
  const verified = new Set(results.map(({ name }) => name));
  // A segment that is there but was not looked at now says nothing.
  const isLookedAt = (segment: string): boolean => verified.has(segment) || !existing.has(segment);
  const report = concludeVerification(
    results.map((result) => ({ ...result, recorded: result.recorded.filter(({ segment }) => isLookedAt(segment)) })),
  );
  const { entries, findings } = report;
  return { segments: results.length, entries, findings, isWhole: results.length === segments.length };
}

type SegmentCheck = { readonly dir: string; readonly name: string; readonly checker: AuditChecker };

/** Undefined when the signal came first. */
async function verifyOne(
  { dir, name, checker }: SegmentCheck,
  signal: AbortSignal,
): Promise<SegmentResult | undefined> {
  const steps = verifySegmentInSteps({ name, text: await readFile(segmentPath(dir, name), 'latin1') }, checker);
  for (;;) {
    if (signal.aborted) return undefined;
    const { done, value } = steps.next();
    if (done === true) return value;
    await breathe();
  }
}

/** The segments written to since a moment, newest first. */
async function newestSegments(dir: string, since: number): Promise<{ name: string; size: number }[]> {
  const names = (await listSegments(dir)).toReversed();
  const facts = await Promise.all(names.map((name) => stat(segmentPath(dir, name))));
  return names.flatMap((name, place) => {
    const { mtimeMs = 0, size = 0 } = facts[place] ?? {};
    return mtimeMs >= since - skewMs ? [{ name, size }] : [];
  });
}

async function guarded<T>(dir: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TalosError('AUDIT_UNAVAILABLE', `The audit log in ${dir} cannot be read: ${reason}`, { cause });
  }
}
