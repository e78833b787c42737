import type { Request, Response } from 'express';

import { TalosError, toTalosError } from '../domain/errors.ts';
import { refuseWhenLocked } from '../domain/lockdown/refuse.ts';
import { isTestModel } from '../domain/models/choose.ts';
import { readModelName } from '../domain/models/name.ts';
import { freshPull, type ModelPull } from '../domain/models/pull.ts';
import { abortWhen } from './abort-when.ts';
import { callerOf } from './caller.ts';
import type { ApiDeps } from './deps.ts';
import { openEventStream } from './event-stream.ts';
import { storeOf } from './models.ts';

type Deps = Pick<ApiDeps, 'modelPorts' | 'lockdown' | 'logger' | 'now'>;

/** A pull that was not heard of for so long is looked up: its workflow may have been ended from outside. */
const quietMs = 60_000;

/** How many pulls that ended without their model are told of. */
const mostEnded = 20;

/** What the API does with pulls. */
export function createModelPulls(deps: Deps) {
  const { pulls, pullRuntime, store } = deps.modelPorts;

  async function find(text: string): Promise<ModelPull> {
    const { listed } = readModelName(text);
    const found = await pulls.get(listed);
    if (found !== undefined) return current(deps, found);
    throw new TalosError('NOT_FOUND', `No pull of ${listed} is known; start one with: talos models pull ${listed}`);
  }

  return {
    find,

    /** Those that run, and the last that ended without their model. */
    async list(): Promise<ModelPull[]> {
      const all = await Promise.all((await pulls.list()).map((pull) => current(deps, pull)));
      const running = all.filter(({ state }) => state === 'running');
      const without = all.filter(({ state }) => state === 'failed' || state === 'cancelled');
      return [...running, ...without.slice(0, mostEnded)];
    },

    /** Starts a pull, or finds it running. */
    async start(text: string, by: string): Promise<ModelPull> {
      await refuseWhenLocked(deps.lockdown);
      storeOf(store);
      const name = readModelName(text);
      if (isTestModel(name.listed)) {
        throw new TalosError('MODEL_REFUSED', `${name.listed} is built in; Talos makes it itself when it is needed.`);
      }
      const before = await pulls.get(name.listed);
      if (before?.state === 'running' && (await pullRuntime.isPulling(name.listed))) return before;
      const fresh = freshPull(name, deps.now());
      await pulls.put(fresh);
      await pullRuntime.startPull({ name, by });
      return fresh;
    },

    /** Asks a pull to stop; what has come of it is kept. */
    async stop(text: string): Promise<ModelPull> {
      const { model } = await find(text);
      await pullRuntime.stopPull(model);
      return find(model);
    },
  };
}

/**
 * Sends a pull as server-sent events, as it is now and whenever it has changed: `progress`, at last `done` whatever it ended with. A client
 * that goes away stops nothing.
 */
export async function streamPull(
  { modelPorts, logger }: Deps,
  model: string,
  { request, response }: { request: Request; response: Response },
): Promise<void> {
  const stream = openEventStream(response);
  const { closing } = callerOf(request);
  const { signal, release } = abortWhen([stream.gone, closing]);
  try {
    for await (const pull of modelPorts.pulls.follow(model, signal)) {
      await stream.send({ event: pull.state === 'running' ? 'progress' : 'done', data: pull });
    }
    if (closing.aborted) stream.comment('Talos is shutting down; connect again');
  } catch (thrown) {
    logger.warn({ model, code: toTalosError(thrown).code }, 'event stream broke');
    stream.comment('the stream broke; connect again');
  } finally {
    release();
    stream.end();
  }
}

/** A pull whose workflow is gone would run for ever: it has failed. */
async function current({ modelPorts: { pulls, pullRuntime }, now }: Deps, pull: ModelPull): Promise<ModelPull> {
  const isQuiet = pull.state === 'running' && now() - pull.updatedAt > quietMs;
  if (!isQuiet || (await pullRuntime.isPulling(pull.model))) return pull;
  const latest = (await pulls.get(pull.model)) ?? pull;
  if (latest.updatedAt !== pull.updatedAt) return latest;
  const error = { code: 'PULL_FAILED', message: 'The pull was ended from outside before its model was there.' };
  const failed: ModelPull = { ...pull, state: 'failed', updatedAt: now(), finishedAt: now(), error };
  await pulls.put(failed);
  return failed;
}
