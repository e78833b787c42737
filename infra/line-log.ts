import { appendFileSync, renameSync, statSync } from 'node:fs';

/** The output of one child: in a file, and the newest lines in memory. */
export interface LineLog {
  readonly path: string;
  write(chunk: Buffer): void;
  /** The newest lines, oldest first. */
  tail(): string[];
}

/** A child that never ends its line must not fill the memory. */
const longestLine = 4096;

/** Appends to a file that is put aside as `<path>.1` once it is full; one older file is kept. */
export function createLineLog(path: string, options: { maxBytes?: number; tailLines?: number } = {}): LineLog {
  const { maxBytes = 10_485_760, tailLines = 15 } = options;
  let bytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  let whole: string[] = [];
  let begun = '';

  function append(chunk: Buffer): void {
    try {
      if (bytes + chunk.length > maxBytes && bytes > 0) {
        renameSync(path, `${path}.1`);
        bytes = 0;
      }
      appendFileSync(path, chunk, { mode: 0o640 });
      bytes += chunk.length;
    } catch {
      // A full disk must not end the supervisor; the newest lines stay in memory and the next chunk tries again.
    }
  }

  return {
    path,
    write(chunk) {
      append(chunk);
      const lines = (begun + chunk.toString('utf8')).split('\n');
      begun = (lines.pop() ?? '').slice(-longestLine);
      whole = [...whole, ...lines.filter((line) => line.trim() !== '')].slice(-tailLines);
    },
    tail: () => [...whole, begun].filter((line) => line.trim() !== '').slice(-tailLines),
  };
}
