import { createMemoryNightRuns } from '../../adapters/memory/night-runs.ts';
import { createMemoryNightWork } from '../../adapters/memory/night-work.ts';
import type { NightReports } from '../../domain/night/ports.ts';
import type { NightRun } from '../../domain/night/run.ts';

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
