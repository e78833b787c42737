import { TalosError } from '../domain/errors.ts';
import { lookAtNight } from '../domain/night/keep-night.ts';
import type { NightRunId, NightView } from '../domain/night/run.ts';
import type { NightList } from '../domain/night/view.ts';
import type { ApiDeps } from './deps.ts';

type Deps = Pick<ApiDeps, 'nightRuns' | 'nightClock' | 'nightRuntime' | 'audit' | 'now'>;

/** So many runs are listed. */
const listed = 30;

/** How long whoever starts a run waits for it to begin. */
const beginMs = 3000;

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

  /** The run once it has begun, so that whoever asks next finds it; undefined where no worker takes it in time. */
  async function begun(id: NightRunId): Promise<NightView | undefined> {
    for await (const night of nightRuns.follow(id, AbortSignal.timeout(beginMs))) return night;
    return undefined;
  }

  return {
    async list(): Promise<NightList> {
      const { when, paused, next } = await lookAtNight(deps);
      return { when, paused, next: paused ? [] : [...next], runs: await nightRuns.list({ since: 0, limit: listed }) };
    },

    /** Starts a run; one that is known already is as it is. */
    async start(id: NightRunId): Promise<NightView> {
      await nightRuntime.start(id);
      return (await begun(id)) ?? waiting(id);
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
