import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';

import { type AuditEvent, type AuditReceipt, checkEvent } from '../../domain/audit/entry.ts';
import { TalosError } from '../../domain/errors.ts';
import type { AuditLog } from '../../domain/ports.ts';

/** The audit log of a test: keeps what was appended, and can be told to refuse as a full disk would. */
export type MemoryAuditLog = AuditLog & {
  /** Everything appended so far, in order. */
  events(): readonly AuditEvent[];
  /** Whether appends fail with AUDIT_UNAVAILABLE from now on. */
  refuse(isRefusing: boolean): void;
};

/** In-memory twin of the audit log. */
export function createMemoryAuditLog(): MemoryAuditLog {
  const events: AuditEvent[] = [];
  let isRefusing = false;
  let isClosed = false;
  async function append(event: AuditEvent): Promise<AuditReceipt> {
    const checked = checkEvent(event);
    if (isClosed || isRefusing) throw new TalosError('AUDIT_UNAVAILABLE', 'The audit log cannot be written.');
    events.push(checked);
    const seq = events.length;
    return {
      segment: 'memory',
      seq,
      hash: createHash('sha256')
        .update(JSON.stringify([seq, checked]))
        .digest('hex'),
    };
  }
  return {
    append,
    async appendOnce(event) {
      const checked = checkEvent(event);
      if (!events.some((one) => isDeepStrictEqual(one, checked))) await append(event);
    },
    async close() {
      isClosed = true;
    },
    events: () => [...events],
    refuse(refusing) {
      isRefusing = refusing;
    },
  };
}
