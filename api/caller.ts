import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

/** What the server knows of a request beside its bytes. */
export type Caller = {
  /** It came over the Unix socket only the owner can open. */
  readonly isOwner: boolean;
  /** Aborts when the server starts to shut down: streams end. */
  readonly closing: AbortSignal;
  /** Aborts shortly before the server cuts what is left: who waits answers now. */
  readonly cutting: AbortSignal;
  /** The connection, when the request wants to become a WebSocket. */
  readonly upgrade?: { readonly socket: Duplex; readonly head: Buffer };
};

declare module 'node:http' {
  interface IncomingMessage {
    /** Set by the server, out of reach of the client. */
    caller?: Caller;
  }
}

const never = new AbortController().signal;
const stranger: Caller = { isOwner: false, closing: never, cutting: never };

/** Who sent a request; a stranger unless the server said otherwise. */
export function callerOf(request: IncomingMessage): Caller {
  return request.caller ?? stranger;
}
