import type { NativeConnection } from '@temporalio/worker';

import type { Config } from '../domain/config/parse.ts';
import type { NightPorts, NightReports, NightRuntime, NightWork } from '../domain/night/ports.ts';
import { knownZone } from '../domain/night/when.ts';
import { createNightRuns } from './night-runs.ts';
import type { RedisConnections } from './redis.ts';
import { createTemporalNight } from './temporal-night.ts';

type NightOptions = {
  readonly config: Config;
  readonly connection: NativeConnection;
  readonly redis: RedisConnections;
  readonly nightWork: NightWork;
  readonly nightReports?: NightReports;
};

/** What the nightly maintenance stands on, as configured, in the time zone of this machine. */
export function createNightPorts({ config, connection, redis, ...given }: NightOptions): {
  readonly nightPorts: NightPorts;
  readonly nightRuntime: NightRuntime;
} {
  const { temporal, upkeep, skills } = config;
  const { nightClock, nightRuntime } = createTemporalNight({
    connection,
    namespace: temporal.namespace,
    taskQueue: temporal.taskQueue,
    when: { hour: upkeep.dreamHour, minute: upkeep.dreamMinute, zone: knownZone(machineZone()) },
    settings: {
      softMs: Math.min(upkeep.dreamSoftCapSeconds, upkeep.dreamHardCapSeconds) * 1000,
      hardMs: upkeep.dreamHardCapSeconds * 1000,
      mayRevise: skills.trustLevel >= revisingTrust,
    },
  });
  return {
    nightPorts: { ...given, nightRuns: createNightRuns(redis), nightClock },
    nightRuntime,
  };
}

/** From this trust level on the night may draft a revision of a skill. */
const revisingTrust = 4;

/** TZ decides where it is set. */
function machineZone(): string | undefined {
  return new Intl.DateTimeFormat('en').resolvedOptions().timeZone;
}
