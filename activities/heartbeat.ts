import { CancelledFailure, Context } from '@temporalio/activity';

import { TalosError } from '../domain/errors.ts';

/** Far below the heartbeat timeout of 5 s, so that a stop reaches the model within a second. */
const heartbeatIntervalMs = 400;

/**
 * Runs work that heartbeats and can be cancelled; `onBeat` runs along with each heartbeat and may abort the work by rejecting. What
 * `details` gives goes with the heartbeat.
 */
export async function withHeartbeat<T>(
  run: (signal: AbortSignal) => Promise<T>,
  onBeat: () => Promise<void>,
  details: () => unknown = () => undefined,
): Promise<T> {
  const context = Context.current();
  const own = new AbortController();
  const signal = AbortSignal.any([context.cancellationSignal, own.signal]);
  const timer = setInterval(() => {
    context.heartbeat(details());
    onBeat().catch((error: unknown) => own.abort(error));
  }, heartbeatIntervalMs);
  try {
    return await run(signal);
  } finally {
    clearInterval(timer);
  }
}

/** What aborted work fails with: a stop and a lockdown end it, a worker that shuts down hands it to the next one. */
export function abortReason(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  if (reason instanceof CancelledFailure && reason.message === 'WORKER_SHUTDOWN') {
    return new TalosError('SHUTTING_DOWN', 'The worker is shutting down; another one takes its work over.');
  }
  return reason instanceof Error ? reason : new CancelledFailure(String(reason));
}
