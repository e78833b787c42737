import { TalosError } from '../domain/errors.ts';

/** Long enough for a hiccup, short enough for whoever waits to be told. */
const ordinaryMs = 15_000;

/** An engine that was there a moment ago comes back: its supervisor pauses at most 10 s between two starts. */
const restartMs = 60_000;

/** What a process that has just started gives the model server, of which it has not seen anything yet. */
const firstStartMs = 30_000;

/** How often an answer may break off after it went well for a while. */
const breaks = 3;

/** Decides how long a step goes on trying; how often is a row in the policies. */
export type Patience = {
  /** The model server has just answered. */
  modelSeen(): void;
  /** Runs a step; a failure that has lasted long enough is marked final, which ends the attempts. */
  keep<T>(run: () => Promise<T>): Promise<T>;
};

type Surroundings = {
  readonly now: () => number;
  /** The step that runs: an id that stays the same over its attempts, and the number of this one, from 1. */
  readonly step: () => { readonly id: string; readonly attempt: number };
};

/** One for each worker process. */
export function createPatience({ now, step }: Surroundings): Patience {
  let modelSeenAt = now() - restartMs + firstStartMs;
  /** When the trouble of a step began, and how often it did so anew, by its id. */
  const troubles = new Map<string, { began: number; breaks: number }>();

  function allowedMs(error: TalosError, { attempt, began }: { attempt: number; began: number }): number {
    if (error.code === 'STORE_UNAVAILABLE') return restartMs;
    if (error.details['reason'] === 'unreachable') return Math.max(ordinaryMs, modelSeenAt + restartMs - began);
    // Each attempt at a silent model takes minutes by itself.
    if (error.code === 'MODEL_TIMEOUT' && attempt > 1) return 0;
    return ordinaryMs;
  }

  /** True when it has lasted too long. An attempt that went well for a while was no part of the trouble. */
  function isOver(error: TalosError, startedAt: number): boolean {
    const { id, attempt } = step();
    const wentWell = now() - startedAt > ordinaryMs;
    const known = troubles.get(id) ?? { began: startedAt, breaks: 0 };
    const trouble = wentWell ? { began: now(), breaks: known.breaks + 1 } : known;
    troubles.set(id, trouble);
    return trouble.breaks > breaks || now() >= trouble.began + allowedMs(error, { attempt, began: trouble.began });
  }

  return {
    modelSeen() {
      modelSeenAt = now();
    },
    async keep(run) {
      const startedAt = now();
      let isTroubled = false;
      try {
        return await run();
      } catch (thrown) {
        if (!(thrown instanceof TalosError) || !thrown.retryable || thrown.code === 'SHUTTING_DOWN') throw thrown;
        isTroubled = !isOver(thrown, startedAt);
        throw isTroubled ? thrown : asFinal(thrown);
      } finally {
        if (!isTroubled) troubles.delete(step().id);
      }
    },
  };
}

function asFinal({ code, message, cause, details }: TalosError): TalosError {
  return new TalosError(code, message, { cause, details: { ...details, final: true } });
}
