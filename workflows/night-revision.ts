import { CancellationScope, isCancellation } from '@temporalio/workflow';

import type { RevisionReport } from '../domain/night/run.ts';
import { fromActivityFailure } from './failure.ts';
import type { NightRevisionInput } from './messages.ts';
import { core, gpu, sandbox } from './proxies.ts';

/** Whatever somebody waits for goes first. */
const priority = 5;

/** The agent mends one skill that failed since yesterday: it is put before the owner if it is strictly better, else dropped. */
export async function nightRevision(input: NightRevisionInput): Promise<RevisionReport> {
  const begun = await core.beginRevision();
  if ('isDropped' in begun) return begun.report;
  const { key } = begun;
  try {
    return await mend(key, input.queueWaitSeconds);
  } catch (thrown) {
    const problem = isCancellation(thrown) ? 'there was no time left' : fromActivityFailure(thrown).message;
    return CancellationScope.nonCancellable(() => core.dropRevision({ key, problem }));
  }
}

async function mend(key: string, waitSeconds: number): Promise<RevisionReport> {
  const written = await gpu(waitSeconds).writeRevision({ key });
  if (written.isDropped) return written.report;
  const tried = await sandbox({ priority, waitSeconds }).tryRevision({ key });
  if (tried.isDropped) return tried.report;
  return core.proposeRevision({ key, reason: tried.reason });
}
