import { setTimeout as sleep } from 'node:timers/promises';

import { TalosError } from '../domain/errors.ts';
import type { NightRunId, NightView } from '../domain/night/run.ts';
import type { DreamClient } from './dream-client.ts';
import { maxAttempts, mayComeBack } from './may-come-back.ts';

type Following = {
  readonly client: DreamClient;
  readonly id: NightRunId;
  /** Ends the following; the run goes on. */
  readonly signal: AbortSignal;
  readonly onChange: (night: NightView) => void;
  /** Pause between two attempts to connect. */
  readonly pauseMs?: number;
};

/** Follows a run to its end, connecting again where the stream broke. Undefined when the signal came first. */
export async function followNight(following: Following): Promise<NightView | undefined> {
  const { signal, pauseMs = 500 } = following;
  let broken = new TalosError('NOT_RUNNING', 'The connection to Talos ended early; look at: ./talos status');
  for (let breaks = 0; breaks <= maxAttempts && !signal.aborted; breaks += 1) {
    try {
      const end = await followOnce(following);
      if (end !== undefined) return end;
    } catch (thrown) {
      if (signal.aborted) return undefined;
      if (!mayComeBack(thrown)) throw thrown;
      broken = thrown;
    }
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined); // the loop then ends by the signal
  }
  if (signal.aborted) return undefined;
  throw broken;
}

/** Undefined when the connection ended before the run. */
async function followOnce({ client, id, signal, onChange }: Following): Promise<NightView | undefined> {
  for await (const night of client.events(id, signal)) {
    onChange(night);
    if (night.state !== 'running') return night;
  }
  return undefined;
}
