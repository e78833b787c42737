import { executeChild, isCancellation, ParentClosePolicy, WorkflowIdReusePolicy } from '@temporalio/workflow';

import { type ModelAutopullInput, modelPullWorkflowId } from './messages.ts';
import { modelPull } from './model-pull.ts';
import { core } from './proxies.ts';

/** Pulls what the machine is to have and lacks, one model after the other. Returns what it set out to pull. */
export async function modelAutopull({ wanted, retryMs }: ModelAutopullInput): Promise<string[]> {
  const missing = await core.findMissingModels(wanted);
  for (const model of missing) await pullOne(model, retryMs);
  return missing.map(({ asked }) => asked);
}

/** A pull that failed, was stopped or goes on already keeps no other one from its turn; its own record says what came of it. */
async function pullOne({ asked, listed }: { asked: string; listed: string }, retryMs: number): Promise<void> {
  try {
    await executeChild(modelPull, {
      workflowId: modelPullWorkflowId(listed),
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
      args: [{ asked, by: 'talos', askedAt: Date.now(), retryMs }],
      staticSummary: `Model ${listed}, missing on this machine`,
    });
  } catch (thrown) {
    if (isCancellation(thrown)) throw thrown;
  }
}
