import type { Request } from 'express';

import { abortWhen } from './abort-when.ts';
import { callerOf } from './caller.ts';

/** Waits for work with a signal that aborts after a while, when nobody waits for the answer any more, or when the server ends. */
export async function whileWaiting<T>(
  request: Request,
  limitMs: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const gone = new AbortController();
  const leave = (): void => gone.abort();
  if (request.socket.destroyed) leave();
  request.socket.once('close', leave);
  const { signal, release } = abortWhen([gone.signal, callerOf(request).cutting], limitMs);
  try {
    return await work(signal);
  } finally {
    request.socket.off('close', leave);
    release();
  }
}
