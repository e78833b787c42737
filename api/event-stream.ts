import { once } from 'node:events';
import type { ServerResponse } from 'node:http';

/** One server-sent event; `id` is what a client sends as `Last-Event-ID` to go on after it. */
export type ServerEvent = { readonly id?: string; readonly event: string; readonly data: unknown };

/** A response that stays open and carries events. */
export type EventStream = {
  /** Aborts when the client has gone. */
  readonly gone: AbortSignal;
  /** Resolves once the client takes more, so that a slow one slows its source and fills no memory. */
  send(event: ServerEvent): Promise<void>;
  comment(text: string): void;
  end(): void;
};

/** Proxies and browsers give up connections that are silent for about a minute. */
const heartbeatMs = 15_000;

/** Starts a stream: the head is sent at once. `onHeartbeat` runs with every comment that keeps the connection alive. */
export function openEventStream(response: ServerResponse, onHeartbeat: () => void = () => {}): EventStream {
  const gone = new AbortController();
  response.writeHead(200, {
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-store, no-transform',
    'X-Accel-Buffering': 'no',
  });
  response.flushHeaders();
  if (response.req.method === 'HEAD') response.end();
  const heartbeat = setInterval(() => {
    if (!response.writableNeedDrain) comment('still here');
    onHeartbeat();
  }, heartbeatMs);
  // Of one that has closed already, as when its client left while the store was asked, nobody is told any more.
  if (response.destroyed) leave();
  else response.once('close', leave);

  function leave(): void {
    clearInterval(heartbeat);
    gone.abort();
  }

  function comment(text: string): void {
    if (!response.writableEnded) response.write(`: ${text}\n\n`);
  }

  return {
    gone: gone.signal,
    comment,

    async send(event) {
      if (gone.signal.aborted || response.writableEnded || response.write(formatEvent(event))) return;
      await once(response, 'drain', { signal: gone.signal }).catch(() => undefined); // gone: nobody waits for it any more
    },

    end() {
      response.end();
    },
  };
}

/** The data is JSON and so has no line break of its own. */
function formatEvent({ id, event, data }: ServerEvent): string {
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
