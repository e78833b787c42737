import type { Writable } from 'node:stream';

import { errorCatalogue, toTalosError } from '../domain/errors.ts';
import type { Output } from './command.ts';

/** A stream that may be a terminal. */
export type OutputStream = Writable & { readonly isTTY?: boolean; readonly columns?: number };

/** Where the output goes and how much it says. */
export type OutputOptions = {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  /** Stack traces and causes as well; for LOG_LEVEL=debug. */
  readonly isVerbose: boolean;
  /** Whether the owner wants no escape codes for looks; NO_COLOR, or a terminal that has none. */
  readonly isPlain?: boolean;
};

/** Prints for people on a terminal and for programs everywhere else. A reader that went away is no error. */
export function createOutput({ stdout, stderr, isVerbose, isPlain = false }: OutputOptions): Output {
  for (const stream of [stdout, stderr]) stream.on('error', (error) => endUnlessClosed(error, stderr));
  const lines = createProgressLines(stderr);
  const toStdout = (text: string): void => {
    lines.leave();
    stdout.write(text);
  };
  const toStderr = (text: string): void => {
    lines.leave();
    stderr.write(`${text}\n`);
  };
  return {
    isTerminal: stdout.isTTY === true,
    line: (text = '') => toStdout(`${text}\n`),
    write: toStdout,
    note: toStderr,
    aside: (text) => toStderr(stderr.isTTY === true && !isPlain ? `\u001B[2m${text}\u001B[22m` : text),
    table: (headings, rows) => toStdout(formatTable(headings, rows)),
    json: (value) => toStdout(`${JSON.stringify(value, undefined, 2)}\n`),
    progress: (name, text, options = {}) => lines.show(name, text, options),
    fail(thrown) {
      const error = toTalosError(thrown);
      toStderr(`talos: ${error.code}: ${messageOf(error)}`);
      const { fix } = error.details;
      if (typeof fix === 'string' && !error.message.includes(fix)) toStderr(`To mend it: ${fix}`);
      if (isVerbose) toStderr(describeCauses(error));
      return errorCatalogue[error.code].exitCode;
    },
  };
}

/** What to tell of an error; of one nobody foresaw also what the system said, such as that the disk is full. */
export function messageOf(thrown: unknown): string {
  const { code, message, cause } = toTalosError(thrown);
  const isOfSystem = cause instanceof Error && 'syscall' in cause;
  return code === 'INTERNAL' && isOfSystem ? `${message} The system says: ${cause.message}` : message;
}

/** Columns as wide as their longest cell, two spaces apart; no blanks at line ends. */
export function formatTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [headings, ...rows];
  const widths = headings.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]): string =>
    widths
      .map((width, column) => (row[column] ?? '').padEnd(width))
      .join('  ')
      .trimEnd();
  return all.map((row) => `${line(row)}\n`).join('');
}

/** One line of progress: the name, a bar where the fraction is known, and the text. */
export function formatProgress(name: string, text: string, fraction?: number): string {
  const label = name.padEnd(10);
  if (fraction === undefined) return `${label} ${text}`;
  const filled = Math.round(Math.min(Math.max(fraction, 0), 1) * 20);
  const percent = `${Math.floor(fraction * 100)}`.padStart(3);
  return `${label} [${'#'.repeat(filled)}${'.'.repeat(20 - filled)}] ${percent} % ${text}`;
}

/** How often a long step without news is told where no line can be updated. */
const signOfLifeMs = 15_000;

type ProgressOptions = { fraction?: number; done?: boolean };

function createProgressLines(stream: OutputStream) {
  return stream.isTTY === true ? createUpdatingLines(stream) : createPlainLines(stream);
}

function createPlainLines(stream: OutputStream) {
  const last = new Map<string, { step: string; at: number }>();
  return {
    show(name: string, text: string, { fraction = 0 }: ProgressOptions): void {
      // A program that reads along wants each step and a sign of life, not every second and percent.
      const step = `${text.replace(/ \(\d.*/, '')} ${Math.floor(fraction * 4)}`;
      const before = last.get(name);
      const now = performance.now();
      if (before?.step === step && now - before.at < signOfLifeMs) return;
      last.set(name, { step, at: now });
      stream.write(`${formatProgress(name, text, fraction === 0 ? undefined : fraction).trimEnd()}\n`);
    },
    leave: (): void => undefined,
  };
}

function createUpdatingLines(stream: OutputStream) {
  let shown = new Map<string, string>();
  const redraw = (upwards: number): void => {
    const width = (stream.columns || 80) - 1; // some terminals say 0
    const text = [...shown.values()].map((line) => `\u001B[2K${line.slice(0, width)}\n`).join('');
    stream.write((upwards === 0 ? '' : `\u001B[${upwards}A`) + text);
  };
  return {
    show(name: string, text: string, { fraction }: ProgressOptions): void {
      const upwards = shown.size;
      shown.set(name, formatProgress(name, text, fraction));
      redraw(upwards);
    },
    /** Other text comes below; what is shown stays as it is. */
    leave(): void {
      shown = new Map();
    },
  };
}

function describeCauses(error: Error): string {
  const own = error.stack ?? error.message;
  return error.cause instanceof Error ? `${own}\ncaused by ${describeCauses(error.cause)}` : own;
}

/** A reader may have had enough; output that is lost, as on a full disk, must not look like success. */
function endUnlessClosed(error: Error, stderr: OutputStream): void {
  const isClosed = 'code' in error && (error.code === 'EPIPE' || error.code === 'EIO');
  if (isClosed) return;
  if (!('syscall' in error)) throw error;
  stderr.write(`talos: The output could not be written: ${error.message}\n`);
  process.exit(errorCatalogue.DISK_FULL.exitCode);
}
