import { type AuditChecker, emptyHead, recordedHeads, type SegmentHead } from './chain.ts';
import { type AuditEntry, hashedText, parseEntry, signedText } from './entry.ts';

/** The text of one segment file; `name` is the file name without its ending. */
export type SegmentText = { readonly name: string; readonly text: string };

/** One sign of tampering or damage. `line` counts from 1. */
export type AuditFinding = {
  readonly segment: string;
  readonly line: number;
  readonly kind:
    | 'changed'
    | 'out-of-place'
    | 'start-missing'
    | 'after-end'
    | 'segment-missing'
    | 'segment-cut'
    | 'segment-replaced';
  readonly message: string;
};

/** Result of a verification. The log is sound when `findings` is empty. */
export type AuditReport = {
  readonly segments: number;
  readonly entries: number;
  readonly findings: readonly AuditFinding[];
  /** Segments whose last write was cut off by a crash or a full disk; what was cut off had not been acknowledged. */
  readonly torn: readonly { readonly segment: string; readonly line: number }[];
  /** Segments without an end: still being written, or their process was killed. */
  readonly open: readonly string[];
};

/** What a segment says of itself and of others. */
export type SegmentResult = {
  readonly name: string;
  /** One per line, empty where the line is no entry. */
  readonly hashes: readonly string[];
  /** Heads of other segments that its start records. */
  readonly recorded: readonly SegmentHead[];
  readonly findings: readonly AuditFinding[];
  readonly tornLine: number | undefined;
  readonly isClosed: boolean;
};

/** Finds every changed, removed, inserted or reordered line, and every removed, shortened or replaced segment that a later start recorded. */
export function verifySegments(segments: readonly SegmentText[], checker: AuditChecker): AuditReport {
  return concludeVerification(segments.map((segment) => verifySegment(segment, checker)));
}

/** Compares the segments with each other, once each was verified by itself. */
export function concludeVerification(results: readonly SegmentResult[]): AuditReport {
  const byName = new Map(results.map((result) => [result.name, result]));
  const lost = results.flatMap(({ name, recorded }) =>
    recorded.flatMap((head) => checkRecordedHead(name, head, byName.get(head.segment))),
  );
  return {
    segments: results.length,
    entries: results.reduce((sum, result) => sum + result.hashes.length, 0),
    findings: [...results.flatMap((result) => result.findings), ...lost],
    torn: results.flatMap(({ name, tornLine }) => (tornLine === undefined ? [] : [{ segment: name, line: tornLine }])),
    open: results.filter((result) => !result.isClosed).map((result) => result.name),
  };
}

/** Verifies one segment by itself. */
export function verifySegment(segment: SegmentText, checker: AuditChecker): SegmentResult {
  const steps = verifySegmentInSteps(segment, checker);
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/** So many lines are verified in one step, some 10 ms. */
const linesPerStep = 50;

/** The same in short steps, so that other work can be done in between. */
export function* verifySegmentInSteps(
  { name, text }: SegmentText,
  checker: AuditChecker,
): Generator<void, SegmentResult> {
  const lines = text.split('\n');
  const tail = lines.pop() ?? '';
  const reading = startReading(name);
  for (const [index, line] of lines.entries()) {
    readLine(reading, parseEntry(line), checker);
    if (index % linesPerStep === linesPerStep - 1) yield;
  }
  const { hashes, recorded, isClosed } = reading;
  const tailLine = tail === '' ? undefined : lines.length + 1;
  const findings = [
    ...reading.findings,
    ...(lines.length === 0 ? [{ segment: name, line: 1, ...startMissing }] : []),
    ...(tailLine !== undefined && isClosed ? [{ segment: name, line: tailLine, ...afterEnd }] : []),
  ];
  return { name, hashes, recorded, findings, tornLine: isClosed ? undefined : tailLine, isClosed };
}

/** How far a segment was read. */
type Reading = {
  head: SegmentHead;
  readonly hashes: string[];
  recorded: readonly SegmentHead[];
  readonly findings: AuditFinding[];
  isClosed: boolean;
};

function startReading(segment: string): Reading {
  return { head: emptyHead(segment), hashes: [], recorded: [], findings: [], isClosed: false };
}

/** A bad line counts too, so that one change is not a finding on every line after it. */
function readLine(reading: Reading, entry: AuditEntry | undefined, checker: AuditChecker): void {
  const { head, hashes, findings } = reading;
  if (hashes.length === 0 && entry !== undefined) reading.recorded = recordedHeads(entry);
  const problem = reading.isClosed ? afterEnd : findProblem(entry, head, checker);
  const hash = entry?.hash ?? '';
  hashes.push(hash);
  if (problem !== undefined) findings.push({ segment: head.segment, line: hashes.length, ...problem });
  reading.isClosed ||= entry?.type === 'log-end';
  reading.head = { segment: head.segment, seq: entry?.seq ?? head.seq + 1, hash };
}

type Problem = Pick<AuditFinding, 'kind' | 'message'>;

const afterEnd: Problem = { kind: 'after-end', message: 'something follows the end of the segment' };
const startMissing: Problem = { kind: 'start-missing', message: 'the segment does not begin with its start' };

function findProblem(entry: AuditEntry | undefined, head: SegmentHead, checker: AuditChecker): Problem | undefined {
  if (entry === undefined) return { kind: 'changed', message: 'the line is not an entry as Talos writes it' };
  const { hash, signature, ...unsealed } = entry;
  if (checker.hash(hashedText(unsealed)) !== hash)
    return { kind: 'changed', message: 'the content does not match its hash' };
  if (!checker.isSigned(signedText(hash), signature)) {
    return { kind: 'changed', message: 'the signature is not by the node key' };
  }
  if (entry.segment !== head.segment) {
    return { kind: 'out-of-place', message: `the entry belongs to segment ${entry.segment}` };
  }
  if (head.seq === 0 && entry.type !== 'log-start') return startMissing;
  // An unreadable line before this one was reported already; its hash cannot be compared.
  if (entry.seq !== head.seq + 1 || (head.hash !== '' && entry.prev !== head.hash)) {
    return {
      kind: 'out-of-place',
      message: `entry ${entry.seq} does not follow entry ${head.seq}: lines were removed, added or moved`,
    };
  }
  return undefined;
}

function checkRecordedHead(recorder: string, head: SegmentHead, found: SegmentResult | undefined): AuditFinding[] {
  const by = `recorded at the start of ${recorder}`;
  const at = { segment: head.segment, line: head.seq };
  if (found === undefined) {
    return [{ ...at, kind: 'segment-missing', message: `the segment is gone; ${head.seq} entries were ${by}` }];
  }
  const hash = found.hashes[head.seq - 1];
  if (hash === undefined) {
    return [
      { ...at, kind: 'segment-cut', message: `only ${found.hashes.length} of ${head.seq} entries ${by} are left` },
    ];
  }
  if (hash === head.hash) return [];
  return [{ ...at, kind: 'segment-replaced', message: `entry ${head.seq} is not the one ${by}` }];
}
