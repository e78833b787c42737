import { setTimeout as sleep } from 'node:timers/promises';

import { TalosError } from '../domain/errors.ts';
import type { LogLine } from '../domain/log.ts';
import { type LiveLogs, readLiveLogs } from './log-socket.ts';
import { maxAttempts } from './may-come-back.ts';

/** Most lines from before that the API sends. */
export const mostBackfill = 1000;

type Following = LiveLogs & {
  /** Told once per break, before the connection is made again. */
  readonly onBreak: () => void;
  /** Pause between two attempts to connect. */
  readonly pauseMs?: number;
};

/** How far a log was followed: the lines shown last, and what broke the connection since. */
type Place = {
  readonly since: number;
  readonly known: Set<string>;
  wasThere: boolean;
  breaks: number;
  broken?: unknown;
};

/**
 * Streams the log of a running Talos until the signal. A connection that breaks is made again, and what was written meanwhile comes first.
 * Fails with NOT_RUNNING when Talos is not there, or does not come back; `wasConnected` tells the latter.
 */
export async function* followLogs(socketPath: string, following: Following): AsyncGenerator<LogLine> {
  const { signal, onBreak, pauseMs = 500 } = following;
  const place: Place = { since: Date.now(), known: new Set(), wasThere: false, breaks: 0 };
  while (place.breaks <= maxAttempts) {
    yield* followOnce(socketPath, following, place);
    if (signal.aborted) return;
    place.wasThere = true;
    place.breaks += 1;
    if (place.breaks === 1) onBreak();
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined); // the next look at the signal ends it
    if (signal.aborted) return;
  }
  const message = 'Talos ended and did not come back; ./talos logs shows what it wrote last.';
  throw new TalosError('NOT_RUNNING', message, { cause: place.broken, details: { wasConnected: true } });
}

/** Follows until the connection breaks. */
async function* followOnce(socketPath: string, wanted: Following, place: Place): AsyncGenerator<LogLine> {
  const again = place.wasThere;
  const lines = readLiveLogs(socketPath, again ? { ...wanted, lines: mostBackfill } : wanted);
  try {
    for await (const line of lines) {
      const isMissed = isNew(line, place.known) && line.time >= place.since;
      if (!again || isMissed) yield line;
      place.breaks = 0;
    }
  } catch (thrown) {
    if (!again && !wasConnected(thrown)) throw thrown;
    place.broken = thrown;
  }
}

/** Whether a line is not among the last ones; older ones are not sent again. */
function isNew(line: LogLine, known: Set<string>): boolean {
  const text = JSON.stringify(line);
  if (known.has(text)) return false;
  known.add(text);
  const [oldest = ''] = known;
  if (known.size > mostBackfill) known.delete(oldest);
  return true;
}

function wasConnected(thrown: unknown): boolean {
  return thrown instanceof TalosError && thrown.details['wasConnected'] === true;
}
