import type { AuditEntry } from './entry.ts';

const columns = ['time', 'segment', 'seq', 'type', 'actor', 'subject', 'details', 'hash'] as const;

/** First line of the export. */
export const csvHeader = csvLine(columns);

/** One entry as a line of the export. */
export function csvRow(entry: AuditEntry): string {
  const { time, segment, seq, type, actor, subject, details, hash } = entry;
  const moment = new Date(time).toISOString();
  return csvLine([moment, segment, String(seq), type, actor, subject ?? '', JSON.stringify(details), hash]);
}

/** The order of the export: by time, then segment, then place in the segment. */
export function compareEntries(a: AuditEntry, b: AuditEntry): number {
  if (a.time !== b.time) return a.time - b.time;
  if (a.segment !== b.segment) return a.segment < b.segment ? -1 : 1;
  return a.seq - b.seq;
}

/** A line as RFC 4180 has it, with its CRLF. */
function csvLine(cells: readonly string[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}

/** A cell that begins like a formula gets an apostrophe, so that a spreadsheet shows it and does not run it. */
function csvCell(text: string): string {
  const inert = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}
