import { Context } from '@temporalio/activity';

/** Far below the heartbeat timeout of 5 s, so that a stop reaches the model within a second. */
const heartbeatIntervalMs = 400;

/** Runs work that heartbeats and can be cancelled; `onBeat` runs along with each heartbeat and may abort the work by rejecting. */
export async function withHeartbeat<T>(
  run: (signal: AbortSignal) => Promise<T>,
  onBeat: () => Promise<void>,
): Promise<T> {
  const context = Context.current();
  const own = new AbortController();
  const signal = AbortSignal.any([context.cancellationSignal, own.signal]);
  const timer = setInterval(() => {
    context.heartbeat();
    onBeat().catch((error: unknown) => own.abort(error));
  }, heartbeatIntervalMs);
  try {
    return await run(signal);
  } finally {
    clearInterval(timer);
  }
}
