import { on } from 'node:events';

import { WebSocket } from 'ws';

import { TalosError } from '../domain/errors.ts';
import { type LogLevel, LogLine } from '../domain/log.ts';
import { connectionError } from './api-socket.ts';

/** Which lines are wanted, and until when. */
export type LiveLogs = {
  readonly level: LogLevel;
  readonly component?: string;
  /** How many lines from before come first. */
  readonly lines: number;
  readonly signal: AbortSignal;
};

/** Streams the log over one connection, until the signal or the end of the connection. Fails with NOT_RUNNING when there is none. */
export async function* readLiveLogs(
  socketPath: string,
  { level, component, lines, signal }: LiveLogs,
): AsyncGenerator<LogLine> {
  const query = new URLSearchParams({
    level,
    backfill: String(lines),
    ...(component === undefined ? {} : { component }),
  });
  const socket = new WebSocket(`ws+unix:${socketPath}:/ws/logs?${query.toString()}`);
  const stop = (): void => socket.close();
  signal.addEventListener('abort', stop, { once: true });
  try {
    for await (const [data] of on(socket, 'message', { close: ['close'] })) {
      const line = parseLine(String(data));
      if (line !== undefined) yield line;
    }
  } catch (error) {
    if (!signal.aborted) throw refusal(error) ?? connectionError(error);
  } finally {
    signal.removeEventListener('abort', stop);
    socket.on('error', () => undefined); // closing before the connection stood is told as an error nobody needs
    socket.close();
  }
}

/** What an answer that is no WebSocket means: Talos is there. */
function refusal(error: unknown): TalosError | undefined {
  const [text] = /^Unexpected server response: \d+/.exec(error instanceof Error ? error.message : '') ?? [];
  if (text === undefined) return undefined;
  return new TalosError('INTERNAL', `Talos does not show its live log (${text}); ./talos logs shows the stored one.`);
}

function parseLine(text: string): LogLine | undefined {
  try {
    return LogLine.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined; // not a line of the log
  }
}
