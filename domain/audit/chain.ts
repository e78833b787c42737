import { type AuditEntry, hashedText, noPrevious, signedText, type UnsealedEntry } from './entry.ts';

/** The cryptography of the log, done outside the domain: SHA-256 and Ed25519, results as lower-case hex. */
export type AuditSigner = { readonly hash: (text: string) => string; readonly sign: (text: string) => string };

/** Checks what an AuditSigner made. */
export type AuditChecker = {
  readonly hash: (text: string) => string;
  readonly isSigned: (text: string, signature: string) => boolean;
};

/** The last entry of a segment: whoever knows it can tell whether the segment was shortened or rewritten since. */
export type SegmentHead = { readonly segment: string; readonly seq: number; readonly hash: string };

/** Head of a segment that has no entry yet. */
export function emptyHead(segment: string): SegmentHead {
  return { segment, seq: 0, hash: noPrevious };
}

/** Makes the entry that follows `head`. */
export function chainEntry(
  head: SegmentHead,
  event: Pick<AuditEntry, 'type' | 'actor' | 'subject' | 'details' | 'time'>,
  signer: AuditSigner,
): AuditEntry {
  const { segment } = head;
  const unsealed: UnsealedEntry = { v: 1, segment, seq: head.seq + 1, ...event, prev: head.hash };
  const hash = signer.hash(hashedText(unsealed));
  return { ...unsealed, hash, signature: signer.sign(signedText(hash)) };
}

const headPrefix = 'head:';

/** Details of `log-start`: the heads of other segments, so that a removed or shortened one is noticed. */
export function recordHeads(heads: readonly SegmentHead[]): Record<string, string> {
  return Object.fromEntries(heads.map(({ segment, seq, hash }) => [`${headPrefix}${segment}`, `${seq}:${hash}`]));
}

/** The heads an entry records; none unless it is a `log-start`. */
export function recordedHeads(entry: AuditEntry): SegmentHead[] {
  if (entry.type !== 'log-start') return [];
  return Object.entries(entry.details).flatMap(([key, value]) => {
    const [seq, hash] = String(value).split(':');
    if (!key.startsWith(headPrefix) || hash === undefined) return [];
    return [{ segment: key.slice(headPrefix.length), seq: Number(seq), hash }];
  });
}

/** Heads that no start records yet: what the next start has to record. Everything older is held by those that are recorded. */
export function unrecordedHeads(heads: readonly SegmentHead[], recorded: readonly SegmentHead[]): SegmentHead[] {
  const known = new Set(recorded.map(headKey));
  return heads.filter((head) => !known.has(headKey(head)));
}

function headKey({ segment, seq, hash }: SegmentHead): string {
  return `${segment}:${seq}:${hash}`;
}
