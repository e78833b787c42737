import type { AuditReport } from './verify.ts';

/** What an export held; `unreadable` counts the lines that are no entries and were left out. */
export type AuditExport = { readonly rows: number; readonly unreadable: number };

/** Reads the audit log of a home: nothing has to run for that, and nothing is written. */
export interface AuditReader {
  verify(): Promise<AuditReport>;
  /** Hands the whole log to `write` as CSV, line by line, by time. */
  exportCsv(write: (line: string) => Promise<void> | void): Promise<AuditExport>;
}
