import type { NightRuns, NightRuntime } from '../../domain/night/ports.ts';
import type { NightRunId } from '../../domain/night/run.ts';

/** Runs of a test: they begin and go on until the test, or a cancellation, ends them. */
export function createMemoryNightRuntime(nightRuns: NightRuns, now: () => number = Date.now): NightRuntime {
  const state = async (id: NightRunId) => {
    const run = await nightRuns.get(id);
    if (run === undefined) return 'unknown';
    return run.state === 'running' ? 'running' : 'ended';
  };
  return {
    state,
    async start(id) {
      if ((await state(id)) !== 'unknown') return;
      const at = now();
      const facts = { id, trigger: 'owner', dueAt: at, isCutShort: false, phases: [] } as const;
      const begun = await nightRuns.begin(
        { ...facts, state: 'running', startedAt: at, phases: [] },
        { at, overAt: at + 60_000 },
      );
      if (begun.kind === 'overlap') {
        await nightRuns.save({ ...facts, state: 'skipped', reason: 'overlap', endedAt: at, phases: [] });
      }
    },
    async cancel(id) {
      const run = await nightRuns.get(id);
      if (run?.state !== 'running') return false;
      const { progress: _progress, ...rest } = run;
      return nightRuns.save({ ...rest, state: 'failed', reason: 'cancelled', isCutShort: true, endedAt: now() });
    },
  };
}
