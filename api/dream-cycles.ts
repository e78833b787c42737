import { TalosError } from '../domain/errors.ts';
import { lookAtNight } from '../domain/night/keep-night.ts';
import type { NightRunId, NightView } from '../domain/night/run.ts';
import type { NightList } from '../domain/night/view.ts';
import type { ApiDeps } from './deps.ts';

type Deps = Pick<ApiDeps, 'nightRuns' | 'nightClock' | 'nightRuntime' | 'audit' | 'now'>;

/** So many runs are listed. */
const listed = 30;

export type Nights = ReturnType<typeof createNights>;

/** What the API does with runs of the nightly maintenance. */
export function createNights(deps: Deps) {
  const { nightRuns, nightRuntime, now } = deps;

  /** A run that has been started but has not begun: it waits for a worker. */
  const waiting = (id: NightRunId): NightView => ({
    id,
    trigger: 'owner',
    dueAt: now(),
    state: 'running',
    isCutShort: false,
    phases: [],
  });

  /** Runs started here that may not have begun yet: nothing but their workflow knows of them. */
  const started = new Map<NightRunId, NightView>();

  /** Those that still wait, newest first. */
  async function waitingRuns(): Promise<NightView[]> {
    for (const id of started.keys()) {
      const isWaiting = (await nightRuns.get(id)) === undefined && (await nightRuntime.state(id)) === 'running';
      if (!isWaiting) started.delete(id);
    }
    return [...started.values()].toReversed();
  }

  return {
    async list(): Promise<NightList> {
      const { when, paused, next } = await lookAtNight(deps);
      const waits = await waitingRuns(); // before the others: one that begins meanwhile is among those
      const begun = await nightRuns.list({ since: 0, limit: listed });
      const ids = new Set(begun.map(({ id }) => id));
      const runs = [...waits.filter(({ id }) => !ids.has(id)), ...begun].slice(0, listed);
      return { when, paused, next: paused ? [] : [...next], runs };
    },

    /** Starts a run; one that is known already is as it is. */
    async start(id: NightRunId): Promise<NightView> {
      await nightRuntime.start(id);
      const known = await nightRuns.get(id);
      if (known !== undefined) return known;
      const [oldest] = started.keys();
      if (oldest !== undefined && started.size >= listed) started.delete(oldest);
      started.set(id, waiting(id));
      return waiting(id);
    },

    /** Fails with NOT_FOUND for a run nobody started. */
    async view(id: NightRunId): Promise<NightView> {
      const known = await nightRuns.get(id);
      if (known !== undefined) return known;
      if ((await nightRuntime.state(id)) === 'running') return waiting(id);
      const begun = await nightRuns.get(id); // it may have begun and ended meanwhile
      if (begun !== undefined) return begun;
      throw new TalosError('NOT_FOUND', `There is no dream cycle ${id}; \`talos dream\` lists the last ones.`);
    },
  };
}
