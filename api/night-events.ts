import type { Request, Response } from 'express';

import { toTalosError } from '../domain/errors.ts';
import type { NightView } from '../domain/night/run.ts';
import { abortWhen } from './abort-when.ts';
import { callerOf } from './caller.ts';
import type { ApiDeps } from './deps.ts';
import { openEventStream } from './event-stream.ts';

type Streaming = { readonly request: Request; readonly response: Response; readonly first: NightView };

/**
 * Sends a run as it is, and again whenever it has changed, until it has ended. Each event is the whole run, so that nothing is lost by
 * whoever connects again.
 */
export async function streamNight(
  { nightRuns, logger }: Pick<ApiDeps, 'nightRuns' | 'logger'>,
  { request, response, first }: Streaming,
): Promise<void> {
  const stream = openEventStream(response);
  const { signal, release } = abortWhen([stream.gone, callerOf(request).closing]);
  const send = (night: NightView) => stream.send({ event: 'night', data: night });
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
