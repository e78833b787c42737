import { setTimeout as pause } from 'node:timers/promises';

import type { Request, Response } from 'express';

import { toTalosError } from '../domain/errors.ts';
import type { NightView } from '../domain/night/run.ts';
import { abortWhen } from './abort-when.ts';
import { callerOf } from './caller.ts';
import type { ApiDeps } from './deps.ts';
import { openEventStream } from './event-stream.ts';

type Streaming = { readonly request: Request; readonly response: Response; readonly first: NightView };

type Deps = Pick<ApiDeps, 'nightRuns' | 'nightRuntime' | 'logger' | 'now'>;

/** The report follows the end of a run within this time, or nobody waits for it. */
const reportMs = 15_000;
const lookMs = 100;

/** Resolves once the report of a run that has just ended can be read: it is the last thing its workflow does. */
async function reported(
  { nightRuntime, now }: Deps,
  { id, endedAt = 0 }: NightView,
  signal: AbortSignal,
): Promise<void> {
  const until = endedAt + reportMs;
  while (now() < until && !signal.aborted) {
    if ((await nightRuntime.state(id).catch(() => 'unknown')) !== 'running') return; // nobody can tell while Temporal is away
    await pause(lookMs, undefined, { signal }).catch(() => undefined); // the loop then ends by the signal
  }
}

/**
 * Sends a run as it is, and again whenever it has changed, until it has ended. Each event is the whole run, so that nothing is lost by
 * whoever connects again.
 */
export async function streamNight(deps: Deps, { request, response, first }: Streaming): Promise<void> {
  const { nightRuns, logger } = deps;
  const stream = openEventStream(response);
  const { signal, release } = abortWhen([stream.gone, callerOf(request).closing]);
  const send = async (night: NightView) => {
    if (night.state !== 'running') await reported(deps, night, signal);
    await stream.send({ event: 'night', data: night });
  };
  try {
    await send(first);
    if (first.state === 'running') for await (const night of nightRuns.follow(first.id, signal)) await send(night);
    if (callerOf(request).closing.aborted) stream.comment('Talos is shutting down; connect again');
  } catch (thrown) {
    logger.warn({ correlationId: first.id, code: toTalosError(thrown).code }, 'event stream broke');
    stream.comment('the stream broke; connect again');
  } finally {
    release();
    stream.end();
  }
}
