import { toTalosError } from '../domain/errors.ts';
import { setNight } from '../domain/night/keep-night.ts';
import type { NightClock, NightRuns } from '../domain/night/ports.ts';
import { describeNightWhen } from '../domain/night/when.ts';
import type { AuditLog, Logger } from '../domain/ports.ts';

type Deps = {
  readonly nightRuns: NightRuns;
  readonly nightClock: NightClock;
  readonly audit: AuditLog;
  readonly logger: Logger;
};

/**
 * Makes the nightly maintenance come due as configured, and records what was due while Talos was away. Never fails; the log has what
 * did, and every look at the schedule tries again.
 */
export async function setNightSchedule({ logger, ...ports }: Deps): Promise<void> {
  const when = describeNightWhen(ports.nightClock.wanted);
  try {
    const { paused } = await setNight({ ...ports, now: Date.now });
    if (paused) logger.warn({ when }, 'the dream cycle is paused in Temporal: nothing comes of it');
    else logger.info({ when }, 'dream cycle scheduled');
  } catch (thrown) {
    const { code, message } = toTalosError(thrown);
    logger.warn({ when, code, err: thrown }, `the schedule of the dream cycle was not set: ${message}`);
  }
}
