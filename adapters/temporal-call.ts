import type { NativeConnection } from '@temporalio/worker';

import { TalosError } from '../domain/errors.ts';

/** Runs a call to Temporal with a limit of time; whatever keeps it from an answer is RUNTIME_UNAVAILABLE. */
export async function callTemporal<T>(
  connection: NativeConnection,
  timeoutMs: number,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await connection.withDeadline(Date.now() + timeoutMs, work);
  } catch (cause) {
    if (cause instanceof TalosError) throw cause;
    throw new TalosError('RUNTIME_UNAVAILABLE', 'Temporal cannot be reached; check `talos doctor`, then try again.', {
      cause,
    });
  }
}
