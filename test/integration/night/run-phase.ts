import type { PhaseWork } from '../../../domain/night/ports.ts';
import type { PhaseOutcome } from '../../../domain/night/run.ts';

/** Runs a phase to its end. */
export function runPhase(work: PhaseWork): Promise<PhaseOutcome> {
  return work({ signal: new AbortController().signal, tell: () => undefined });
}

/** Runs a phase and stops it as soon as it has told so many lines. */
export async function stopAfter(work: PhaseWork, lines: number): Promise<{ outcome: PhaseOutcome; told: string[] }> {
  const stop = new AbortController();
  const told: string[] = [];
  const outcome = await work({
    signal: stop.signal,
    tell(line) {
      told.push(line);
      if (told.length === lines) stop.abort(new Error('the time is up'));
    },
  });
  return { outcome, told };
}
