import type { NativeConnection } from '@temporalio/worker';

import { createMemoryNightRuns } from '../../adapters/memory/night-runs.ts';
import { createMemoryNightWork } from '../../adapters/memory/night-work.ts';
import { createTemporalNight } from '../../adapters/temporal-night.ts';
import type { NightReports } from '../../domain/night/ports.ts';
import type { NightRun, NightWhen } from '../../domain/night/run.ts';
import type { DreamCycleInput } from '../../workflows/messages.ts';

/** Everything the nightly maintenance stands on but the clock, as twins; `reported` holds the runs that were reported. */
export function createNightTwins() {
  const reported: NightRun[] = [];
  const nightReports: NightReports = {
    async write(run) {
      reported.push(run);
    },
  };
  return { nightRuns: createMemoryNightRuns(), nightWork: createMemoryNightWork(), nightReports, reported };
}

export type NightTwins = ReturnType<typeof createNightTwins>;

/** What a test may change about its nights. */
export type TestNight = Partial<DreamCycleInput> & { readonly when?: NightWhen; readonly now?: () => number };

/** A schedule and runs of a test's own on the shared server. */
export function createTestNight(
  place: { connection: NativeConnection; namespace: string; taskQueue: string },
  { when = { hour: 4, minute: 0, zone: 'Europe/Berlin' }, now = Date.now, catchUpMs, ...caps }: TestNight,
) {
  const ports = createTemporalNight({
    ...place,
    scheduleId: `dream-cycle-${place.taskQueue}`,
    when,
    settings: { softMs: 60_000, hardMs: 70_000, mayRevise: false, ...caps },
    ...(catchUpMs !== undefined && { catchUpMs }),
  });
  return { ...ports, now };
}
