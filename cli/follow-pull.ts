import { setTimeout as sleep } from 'node:timers/promises';

import { TalosError } from '../domain/errors.ts';
import type { ModelPull } from '../domain/models/pull.ts';
import type { ModelsClient } from './models-client.ts';
import { maxAttempts, mayComeBack } from './may-come-back.ts';

type Following = {
  readonly client: Pick<ModelsClient, 'follow'>;
  readonly begun: ModelPull;
  /** Ends the following; the pull goes on. */
  readonly signal: AbortSignal;
  readonly onChange: (pull: ModelPull) => void;
  /** Told once per break, before the connection is made again. */
  readonly onBreak: () => void;
  /** Pause between two attempts to connect. */
  readonly pauseMs?: number;
};

/** Follows a pull to its end, connecting again where the stream broke; resolves with the pull as it was last heard of. */
export async function followPull(following: Following): Promise<ModelPull> {
  const { signal, onBreak, pauseMs = 500 } = following;
  let pull = following.begun;
  for (let breaks = 0; breaks <= maxAttempts; breaks += 1) {
    const before = pull.updatedAt;
    pull = await followOnce(following, pull);
    if (pull.state !== 'running' || signal.aborted) return pull;
    if (pull.updatedAt !== before) breaks = 0;
    if (breaks === 0) onBreak();
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined); // the next attempt then ends at once
  }
  const message = `Talos ended before ${pull.model} was there; the pull goes on when Talos does: ./talos up`;
  throw new TalosError('NOT_RUNNING', message);
}

async function followOnce({ client, signal, onChange }: Following, known: ModelPull): Promise<ModelPull> {
  let pull = known;
  try {
    for await (const next of client.follow(pull.model, signal)) {
      pull = next;
      onChange(pull);
    }
  } catch (thrown) {
    if (!signal.aborted && !mayComeBack(thrown)) throw thrown;
  }
  return pull;
}
