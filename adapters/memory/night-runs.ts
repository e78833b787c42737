import { isDueNight } from '../../domain/night/night-id.ts';
import type { NightRuns } from '../../domain/night/ports.ts';
import type { NightProgress, NightRun, NightRunId, NightView } from '../../domain/night/run.ts';
import { follow } from '../follow.ts';
import { nightChanges } from '../night-changes.ts';
import { createWatchBoard } from '../watch.ts';

type Holder = { readonly id: NightRunId; readonly overAt: number; progress?: NightProgress };

/** Runs of the nightly maintenance in memory. */
export function createMemoryNightRuns(): NightRuns {
  const runs = new Map<NightRunId, NightRun>();
  const board = createWatchBoard();
  let holder: Holder | undefined;
  const hasEnded = (id: NightRunId): boolean => (runs.get(id)?.state ?? 'running') !== 'running';

  async function get(id: NightRunId): Promise<NightView | undefined> {
    const run = runs.get(id);
    const progress = holder?.id === id ? holder.progress : undefined;
    return run && { ...structuredClone(run), ...(progress && { progress }) };
  }

  return {
    get,

    async begin(run, { at, overAt }) {
      const known = runs.get(run.id);
      if (known !== undefined && known.state !== 'running') return { kind: 'ended', run: known };
      if (holder !== undefined && holder.id !== run.id && holder.overAt > at) {
        return { kind: 'overlap', running: holder.id };
      }
      holder = { id: run.id, overAt };
      runs.set(run.id, structuredClone(run));
      board.wake('runs');
      return { kind: 'begun' };
    },

    async save(run) {
      if (hasEnded(run.id)) return false;
      if (holder?.id === run.id) holder = run.state === 'running' ? { id: run.id, overAt: holder.overAt } : undefined;
      runs.set(run.id, structuredClone(run));
      board.wake('runs');
      return true;
    },

    async tell(id, progress) {
      if (holder?.id !== id) return;
      holder.progress = progress;
      board.wake('runs');
    },

    async list({ since, limit }) {
      const wanted = [...runs.values()].filter(({ dueAt }) => dueAt >= since);
      const newestFirst = wanted.toSorted((a, b) => b.dueAt - a.dueAt || (a.id < b.id ? 1 : -1));
      return structuredClone(newestFirst.slice(0, limit));
    },

    goingOn: async () => holder && { id: holder.id, overAt: holder.overAt },

    async *follow(id, signal) {
      const changes = nightChanges(() => get(id));
      for await (const view of follow({ watch: board.add('runs'), signal, read: changes })) {
        yield view;
        if (view.state !== 'running') return;
      }
    },

    ...createAccount(runs),
  };
}

function createAccount(runs: Map<NightRunId, NightRun>): Pick<NightRuns, 'accounted' | 'account' | 'rewind'> {
  let accountedUntil = 0;
  return {
    async accounted() {
      const due = [...runs.values()].filter(({ id, dueAt }) => isDueNight(id) && dueAt > accountedUntil);
      return { until: accountedUntil, known: due.map(({ dueAt }) => dueAt).toSorted((a, b) => a - b) };
    },

    async account({ until, missed }) {
      for (const run of missed) if (!runs.has(run.id)) runs.set(run.id, structuredClone(run));
      accountedUntil = Math.max(accountedUntil, until);
    },

    async rewind({ until, now }) {
      for (const { id, dueAt, reason } of runs.values()) if (dueAt > now && reason === 'missed') runs.delete(id);
      accountedUntil = until;
    },
  };
}
