import { ActivityCancellationType, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';

import type { Activities } from '../activities/index.ts';
import type { Phase } from '../domain/night/run.ts';
import { nightLocalPolicies, nightPolicies } from './night-policies.ts';

/** The steps of the nightly maintenance that run in the workflow's own worker. */
export const local = {
  beginNightRun: proxyLocalActivities<Activities>(nightLocalPolicies.beginNightRun).beginNightRun,
  saveNightRun: proxyLocalActivities<Activities>(nightLocalPolicies.saveNightRun).saveNightRun,
  endNightRun: proxyLocalActivities<Activities>(nightLocalPolicies.endNightRun).endNightRun,
  writeNightReport: proxyLocalActivities<Activities>(nightLocalPolicies.writeNightReport).writeNightReport,
};

/** Records what was missed before. */
export const { keepNightSchedule } = proxyActivities<Activities>(nightPolicies.keepNightSchedule);

/** The step of one phase, with the longest it may take. A stop waits for what it has to tell. */
export function phaseStep(phase: Phase, limitMs: number): Activities['runPhase'] {
  return proxyActivities<Activities>({
    ...nightPolicies.runPhase,
    scheduleToCloseTimeout: limitMs,
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    summary: phase,
  }).runPhase;
}
