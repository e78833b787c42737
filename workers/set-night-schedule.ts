import { setTimeout as sleep } from 'node:timers/promises';

import { type TalosError, toTalosError } from '../domain/errors.ts';
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

type Trying = {
  /** Ends the trying, as the process ends. */
  readonly signal: AbortSignal;
  /** Pause before the second try; each one after that is twice as long. */
  readonly pauseMs?: number;
};

/** Whatever was away is back for at most so long before the schedule is set. */
const longestPauseMs = 60_000;

/**
 * Makes the nightly maintenance come due as configured, and records what was due while Talos was away. Never fails: it tries until that is
 * done, as without a schedule no night would come, and nobody would be told. The log has what failed first.
 */
export async function setNightSchedule(deps: Deps, { signal, pauseMs = 1000 }: Trying): Promise<void> {
  let failedWith: string | undefined;
  for (let pause = pauseMs; !signal.aborted; pause = Math.min(pause * 2, longestPauseMs)) {
    const failure = await trySet(deps);
    if (failure === undefined || signal.aborted) return;
    if (failure.code !== failedWith) tellFailure(deps, failure);
    failedWith = failure.code;
    await sleep(pause, undefined, { signal, ref: false }).catch(() => undefined); // the loop then ends by the signal
  }
}

async function trySet({ logger, ...ports }: Deps): Promise<TalosError | undefined> {
  const when = describeNightWhen(ports.nightClock.wanted);
  try {
    const { paused } = await setNight({ ...ports, now: Date.now });
    if (paused) logger.warn({ when }, 'the dream cycle is paused in Temporal: nothing comes of it');
    else logger.info({ when }, 'dream cycle scheduled');
    return undefined;
  } catch (thrown) {
    return toTalosError(thrown);
  }
}

function tellFailure({ logger, nightClock }: Deps, failure: TalosError): void {
  const when = describeNightWhen(nightClock.wanted);
  const { code, message } = failure;
  logger.warn({ when, code, err: failure }, `the schedule of the dream cycle is not set yet: ${message}`);
}
