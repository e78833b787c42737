import type { CheckedCloud } from '../adapters/cloud-model.ts';
import { toTalosError } from '../domain/errors.ts';
import type { Logger } from '../domain/ports.ts';

/** Nobody waits for the check, so it may take its time. */
const checkMs = 60_000;

/**
 * Asks the cloud whether it has the configured models and puts into the log what the owner should mend. Without a key nothing is asked.
 * Never fails; the log has what did.
 */
export async function checkCloud({ cloud, logger }: { cloud: CheckedCloud; logger: Logger }): Promise<void> {
  try {
    for (const note of await cloud.check(AbortSignal.timeout(checkMs))) logger.warn({ host: cloud.host }, note);
  } catch (thrown) {
    const { code, message } = toTalosError(thrown);
    logger.warn({ host: cloud.host, code, err: thrown }, `the cloud was not checked: ${message}`);
  }
}
