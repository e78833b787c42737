import { createHash, createHmac } from 'node:crypto';

import {
  type AuditChecker,
  type AuditSigner,
  chainEntry,
  emptyHead,
  recordHeads,
  type SegmentHead,
} from '../../../../domain/audit/chain.ts';
import { type AuditEntry, formatEntry } from '../../../../domain/audit/entry.ts';
import type { SegmentText } from '../../../../domain/audit/verify.ts';

type Content = Pick<AuditEntry, 'type' | 'actor' | 'subject' | 'details'>;

/** Stands for the node key: 64 bytes that only who knows the secret can make. */
export const signer: AuditSigner = {
  hash: (text) => createHash('sha256').update(text).digest('hex'),
  sign: (text) => createHmac('sha512', 'node key').update(text).digest('hex'),
};

export const checker: AuditChecker = {
  hash: signer.hash,
  isSigned: (text, signature) => signer.sign(text) === signature,
};

export const otherSigner: AuditSigner = {
  ...signer,
  sign: (text) => createHmac('sha512', 'other').update(text).digest('hex'),
};

export function segmentName(number: number): string {
  return `audit-20260102T030405${String(number).padStart(3, '0')}Z-api-${number.toString(16).padStart(8, '0')}`;
}

export function event(number: number, details: AuditEntry['details'] = {}): Content {
  return { type: 'model-called', actor: 'worker', subject: `c.${number}`, details };
}

/** A whole segment as its writer leaves it. */
export function writeSegment(
  number: number,
  events: readonly Content[],
  options: { records?: readonly SegmentHead[]; isClosed?: boolean; by?: AuditSigner } = {},
): SegmentText & { head: SegmentHead; lines: string[] } {
  const start: Content = {
    type: 'log-start',
    actor: 'api',
    subject: undefined,
    details: recordHeads(options.records ?? []),
  };
  const end: Content = { type: 'log-end', actor: 'api', subject: undefined, details: {} };
  let head = emptyHead(segmentName(number));
  const lines: string[] = [];
  for (const content of [start, ...events, ...(options.isClosed === false ? [] : [end])]) {
    const entry = chainEntry(head, { ...content, time: 1_767_323_045_000 - head.seq }, options.by ?? signer);
    head = { segment: entry.segment, seq: entry.seq, hash: entry.hash };
    lines.push(formatEntry(entry));
  }
  return { name: head.segment, text: lines.map((line) => `${line}\n`).join(''), head, lines };
}
