import type { AuditEntry } from './entry.ts';
import type { AuditFinding } from './verify.ts';

/** What is asked of the log; `most` bounds the answer. Times in ms since 1970. */
export type TrailRange = {
  readonly since: number;
  readonly types: readonly AuditEntry['type'][];
  readonly most: number;
};

/** What a look at the newest segments found. `isWhole`: there was time for all of them. */
export type TrailCheck = {
  readonly segments: number;
  readonly entries: number;
  readonly findings: readonly AuditFinding[];
  readonly isWhole: boolean;
};

/** Reads the newest part of the audit log while it is written. Fails with AUDIT_UNAVAILABLE. */
export interface AuditTrail {
  /** The newest entries of these types since a moment, oldest first, unverified; `isWhole` when there were no more. */
  entries(range: TrailRange): Promise<{ readonly entries: readonly AuditEntry[]; readonly isWhole: boolean }>;
  /** Verifies what was written to since a moment, newest first, until the signal; it leaves time for other work. */
  verify(range: { readonly since: number; readonly signal: AbortSignal }): Promise<TrailCheck>;
}
