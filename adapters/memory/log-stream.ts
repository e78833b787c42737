import { LogLine } from '../../domain/log.ts';
import type { LogStream } from '../../domain/ports.ts';
import { follow, type Page } from '../follow.ts';
import { mostLogLines } from '../log-stream.ts';
import { createWatchBoard } from '../watch.ts';

const topic = 'logs';

/** Log lines in memory. */
export function createMemoryLogStream(): LogStream {
  const board = createWatchBoard();
  let lines: LogLine[] = [];
  /** Lines that have been dropped from the front. */
  let dropped = 0;

  return {
    append(line) {
      const copy = writtenDown(line);
      if (copy === undefined) return;
      lines.push(copy);
      if (lines.length > mostLogLines) {
        dropped += lines.length - mostLogLines;
        lines = lines.slice(-mostLogLines);
      }
      board.wake(topic);
    },

    async *follow({ backfill, accepts, signal }) {
      let position: number | undefined;
      const next = async (): Promise<Page<LogLine>> => {
        const isFirst = position === undefined;
        const passing = lines.slice(Math.max(0, (position ?? 0) - dropped)).filter(accepts);
        position = dropped + lines.length;
        if (!isFirst) return { items: passing, more: false };
        return { items: backfill <= 0 ? [] : passing.slice(-backfill), more: true };
      };
      yield* follow({ watch: board.add(topic), signal, read: next });
    },
  };
}

/** What a line looks like when it is read again; undefined when it cannot be written. */
function writtenDown(line: LogLine): LogLine | undefined {
  try {
    return LogLine.safeParse(JSON.parse(JSON.stringify(line))).data;
  } catch {
    return undefined; // no JSON: dropped, for a log line must never fail who writes it
  }
}
