import { z } from 'zod';

import { TalosError } from '../errors.ts';

/**
 * What happened, before it is chained. `details` are small facts: ids, hashes, counts, codes; never texts, secrets or tokens.
 * `subject` is the message, skill or host concerned.
 */
export const AuditEvent = z.strictObject({
  type: z.enum([
    'log-start',
    'log-end',
    'sign-in-failed',
    'firewall-verdict',
    'model-called',
    'engine-called',
    'model-pulled',
    'model-removed',
    'model-chosen',
    'cloud-called',
    'cloud-breaker-changed',
    'dream-cycle-ended',
    'memory-pruned',
    'report-signed',
    'revision-proposed',
    'lockdown-set',
    'lockdown-lifted',
    'hold-set',
    'hold-lifted',
    'skill-submitted',
    'skill-state-changed',
    'skill-run',
    'skill-strike',
    'skill-schedule-changed',
    'skill-egress',
    'sandbox-proved',
    'approval-requested',
    'approval-accepted',
    'approval-refused',
  ]),
  actor: z.string(),
  subject: z.string().optional(),
  details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
});
export type AuditEvent = z.input<typeof AuditEvent>;

/** Where an event stands in the log: its segment, its number there and its hash. */
export type AuditReceipt = { readonly segment: string; readonly seq: number; readonly hash: string };

/** An event with its defaults; fails with INTERNAL when it breaks the schema or is one only the log itself writes. */
export function checkEvent(event: AuditEvent): z.output<typeof AuditEvent> {
  const result = AuditEvent.safeParse(event);
  if (!result.success) {
    throw new TalosError('INTERNAL', 'An audit event does not follow its schema.', { cause: result.error });
  }
  if (result.data.type === 'log-start' || result.data.type === 'log-end') {
    throw new TalosError('INTERNAL', `Only the audit log itself writes ${result.data.type}.`);
  }
  return result.data;
}

/** Name of a segment: when it was started (UTC), by which process, and a random part. Its file is `<name>.jsonl`. */
export const SegmentName = z.string().regex(/^audit-\d{8}T\d{9}Z-[a-z0-9-]{1,40}-[0-9a-f]{8}$/);

const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/);

/** The latest moment a Date can show. */
const maxTime = 8.64e15;

/** One line of the log. `time` is ms since 1970, `seq` counts from 1 in its segment, `prev` is the hash of the line before. */
export const AuditEntry = z.strictObject({
  v: z.literal(1),
  segment: SegmentName,
  seq: z.int().positive(),
  time: z.int().nonnegative().max(maxTime),
  ...AuditEvent.shape,
  prev: sha256Hex,
  hash: sha256Hex,
  signature: z.string().regex(/^[0-9a-f]{128}$/),
});
export type AuditEntry = z.infer<typeof AuditEntry>;

/** An entry before it is hashed and signed. */
export type UnsealedEntry = Omit<AuditEntry, 'hash' | 'signature'>;

/** `prev` of the first entry of a segment. */
export const noPrevious = '0'.repeat(64);

/** Says what a text is for, so that a hash or signature of one kind is never taken for another. */
const purpose = 'talos-audit-v1';

/**
 * What `hash` is the SHA-256 of: a JSON array of fixed order, details as pairs sorted by key, an absent subject as null.
 * Every field is in it but `hash` and `signature` themselves.
 */
export function hashedText(entry: UnsealedEntry): string {
  const details = sortDetails(entry.details);
  const { segment, seq, time, type, actor, subject, prev } = entry;
  return JSON.stringify([purpose, segment, seq, time, type, actor, subject ?? null, details, prev]);
}

/** What `signature` signs with the Ed25519 node key. */
export function signedText(hash: string): string {
  return `${purpose} ${hash}`;
}

/** The one way an entry is written: ASCII, fixed order, no spaces. Any other line with the same meaning counts as changed. */
export function formatEntry(entry: AuditEntry): string {
  const { v, segment, seq, time, type, actor, subject, prev, hash, signature } = entry;
  const details = Object.fromEntries(sortDetails(entry.details));
  const text = JSON.stringify({ v, segment, seq, time, type, actor, subject, details, prev, hash, signature });
  return text.replaceAll(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Reads a line; undefined unless it is exactly what formatEntry writes. */
export function parseEntry(line: string): AuditEntry | undefined {
  const result = AuditEntry.safeParse(parseJson(line));
  return result.success && formatEntry(result.data) === line ? result.data : undefined;
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined; // no JSON is no entry
  }
}

function sortDetails(details: AuditEntry['details']): [string, string | number | boolean][] {
  return Object.entries(details).sort(([a], [b]) => (a < b ? -1 : 1));
}
