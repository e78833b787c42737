import { executeChild } from '@temporalio/workflow';

import type { NightRunId, RevisionReport } from '../domain/night/run.ts';
import { nightRevision } from './night-revision.ts';

/** Nobody waits for it: it lets others go first for longer than they would wait. */
const queueWaitSeconds = 600;

/** What follows the phases while there is time and the owner's trust allows it: a revision of one skill that failed. */
export function afterPhases({ id }: { readonly id: NightRunId }): Promise<RevisionReport> {
  return executeChild(nightRevision, {
    workflowId: `night-revision/${id}`,
    args: [{ queueWaitSeconds }],
    staticSummary: `Revision of a skill in dream cycle ${id}`,
  });
}
