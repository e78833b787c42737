import type { ActivityOptions, LocalActivityOptions } from '@temporalio/workflow';

import type { Activities } from '../activities/index.ts';

/** Steps of the nightly maintenance that run inside the workflow's own worker. */
export const nightLocalPolicies = {
  // What was due must not vanish because the store is away: it is begun, or recorded as missed, once the store is back.
  beginNightRun: {
    startToCloseTimeout: '5 seconds',
    scheduleToCloseTimeout: '3 hours',
    retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '1 minute' },
  },
  // Only shows how far it is: the next one, or the end, tells the same. No timer is seen meanwhile, so the hard cap waits for it.
  saveNightRun: {
    startToCloseTimeout: '2 seconds',
    scheduleToCloseTimeout: '2500 milliseconds',
    retry: { initialInterval: '300 milliseconds', maximumAttempts: 3 },
  },
  endNightRun: {
    startToCloseTimeout: '5 seconds',
    scheduleToCloseTimeout: '1 hour',
    retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '20 seconds' },
  },
  // Whatever the end of a run waited for, its report may wait for as well.
  writeNightReport: {
    startToCloseTimeout: '30 seconds',
    scheduleToCloseTimeout: '1 hour',
    retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '20 seconds' },
  },
} as const satisfies Partial<Record<keyof Activities, LocalActivityOptions>>;

/** Steps of the nightly maintenance that cross the core task queue. Whatever somebody waits for goes first. */
export const nightPolicies = {
  // How long it may take in all comes with each call. 5 s without a heartbeat mean that the worker is gone.
  runPhase: {
    startToCloseTimeout: '8 hours',
    heartbeatTimeout: '5 seconds',
    retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '10 seconds', maximumAttempts: 4 },
    priority: { priorityKey: 5 },
  },
  keepNightSchedule: {
    startToCloseTimeout: '30 seconds',
    scheduleToCloseTimeout: '2 minutes',
    retry: { initialInterval: '1 second', maximumInterval: '10 seconds' },
    priority: { priorityKey: 5 },
    summary: 'Record what was missed before',
  },
} as const satisfies Partial<Record<keyof Activities, ActivityOptions>>;
