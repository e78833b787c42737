import { TalosError } from '../domain/errors.ts';

/** Long enough for a hiccup, short enough for whoever waits to be told. */
const ordinaryMs = 15_000;

/** An engine that was there a moment ago comes back: its supervisor pauses at most 10 s between two starts. */
const restartMs = 60_000;

/** What a process that has just started gives the model server, of which it has not seen anything yet. */
const firstStartMs = 30_000;

/** With another model ready to answer: long enough for a hiccup, and nobody waits for an engine that has to start again. */
const standInMs = 5_000;

/** How often an answer may break off after it went well for a while. */
const breaks = 3;

/** Decides how long a step goes on trying; how often is a row in the policies. */
export type Patience = {
  /** The model server has just answered. */
  modelSeen(): void;
  /**
   * Runs a step; a failure that has lasted long enough is marked final, which ends the attempts. `hasStandIn` tells whether something
   * else is ready to do at once what the model server fails at; then a few seconds are long enough.
   */
  keep<T>(run: () => Promise<T>, hasStandIn?: (error: TalosError) => Promise<boolean>): Promise<T>;
};

type Surroundings = {
  readonly now: () => number;
  /** The step that runs: an id that stays the same over its attempts, and the number of this one, from 1. */
  readonly step: () => { readonly id: string; readonly attempt: number };
};

type Trouble = { readonly attempt: number; readonly began: number; readonly hasStandIn: boolean };

/** One for each worker process. */
export function createPatience({ now, step }: Surroundings): Patience {
  const firstStartEndsAt = now() + firstStartMs;
  let modelSeenAt = now() - restartMs + firstStartMs;
  let wasModelSeen = false;
  /** When the trouble of a step began, and how often it did so anew, by its id. */
  const troubles = new Map<string, { began: number; breaks: number }>();

  function allowedMs(error: TalosError, { attempt, began, hasStandIn }: Trouble): number {
    if (hasStandIn) return Math.max(standInMs, wasModelSeen ? 0 : firstStartEndsAt - began);
    if (error.code === 'STORE_UNAVAILABLE') return restartMs;
    if (error.details['reason'] === 'unreachable') return Math.max(ordinaryMs, modelSeenAt + restartMs - began);
    // Each attempt at a silent model takes minutes by itself.
    if (error.code === 'MODEL_TIMEOUT' && attempt > 1) return 0;
    return ordinaryMs;
  }

  /** True when it has lasted too long. An attempt that went well for a while was no part of the trouble. */
  function isOver(error: TalosError, { startedAt, hasStandIn }: { startedAt: number; hasStandIn: boolean }): boolean {
    const { id, attempt } = step();
    const wentWell = now() - startedAt > ordinaryMs;
    const known = troubles.get(id) ?? { began: startedAt, breaks: 0 };
    const trouble = wentWell ? { began: now(), breaks: known.breaks + 1 } : known;
    troubles.set(id, trouble);
    const { began } = trouble;
    return trouble.breaks > breaks || now() >= began + allowedMs(error, { attempt, began, hasStandIn });
  }

  return {
    modelSeen() {
      modelSeenAt = now();
      wasModelSeen = true;
    },
    async keep(run, hasStandIn = async () => false) {
      const startedAt = now();
      let isTroubled = false;
      try {
        return await run();
      } catch (thrown) {
        if (!(thrown instanceof TalosError) || !thrown.retryable || thrown.code === 'SHUTTING_DOWN') throw thrown;
        // Who cannot be asked stands in for nobody.
        isTroubled = !isOver(thrown, { startedAt, hasStandIn: await hasStandIn(thrown).catch(() => false) });
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
