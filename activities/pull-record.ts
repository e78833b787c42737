import { activityInfo } from '@temporalio/activity';

import { TalosError } from '../domain/errors.ts';
import type { ModelName } from '../domain/models/name.ts';
import { freshPull, type ModelPull, type PullEnd, progressOf, type PullTrack } from '../domain/models/pull.ts';
import type { ModelPulls } from '../domain/models/store.ts';

type Deps = { readonly modelPorts: { readonly pulls: ModelPulls }; now(): number };
type Subject = { readonly name: Pick<ModelName, 'listed' | 'host'>; readonly startedAt: number };

/** Keeps what readers may know of one pull. */
export function createPullRecord(deps: Deps, { name, startedAt }: Subject) {
  const { pulls } = deps.modelPorts;
  const running = (track: PullTrack): ModelPull => ({
    model: name.listed,
    host: name.host,
    state: 'running',
    ...progressOf(track, deps.now()),
    attempt: activityInfo().attempt,
    startedAt,
    updatedAt: deps.now(),
  });
  return {
    progress: (track: PullTrack) => unlessAway(() => pulls.put(running(track))),

    /** Until the next attempt. */
    async wait(track: PullTrack, { code, message }: TalosError): Promise<void> {
      const { bytesPerSecond: _rate, etaSeconds: _eta, ...rest } = running(track);
      await unlessAway(() => pulls.put({ ...rest, step: 'waiting', error: { code, message } }));
    },

    async end(end: PullEnd): Promise<void> {
      const {
        error: _error,
        bytesPerSecond: _rate,
        etaSeconds: _eta,
        ...last
      } = (await pulls.get(name.listed)) ?? freshPull(name, startedAt);
      await pulls.put({ ...last, startedAt, updatedAt: deps.now(), finishedAt: deps.now(), ...endFacts(end) });
    },
  };
}

export type PullRecord = ReturnType<typeof createPullRecord>;

function endFacts(end: PullEnd): Partial<ModelPull> & Pick<ModelPull, 'state'> {
  if (end.state === 'failed') return { state: 'failed', error: end.error };
  if (end.state === 'cancelled') return { state: 'cancelled' };
  const { digest, sizeBytes } = end;
  return { state: 'done', digest, percent: 100, completedBytes: sizeBytes, totalBytes: sizeBytes };
}

/** A pull goes on while nobody can be told of it. */
async function unlessAway(tell: () => Promise<void>): Promise<void> {
  try {
    await tell();
  } catch (thrown) {
    if (!(thrown instanceof TalosError && thrown.retryable)) throw thrown;
  }
}
