import { type Client, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';

/** A business key as workflow id: whoever starts it again gets the one run there is, or was. */
export const sameRun = {
  workflowIdReusePolicy: 'REJECT_DUPLICATE',
  workflowIdConflictPolicy: 'USE_EXISTING',
} as const;

/** Starts a workflow; one that was started before is as good as started. */
export async function startOnce(start: () => Promise<unknown>): Promise<void> {
  try {
    await start();
  } catch (thrown) {
    if (!(thrown instanceof WorkflowExecutionAlreadyStartedError)) throw thrown;
  }
}

/** Whether a workflow runs, has ended, or was never started. */
export async function workflowState(client: Client, workflowId: string): Promise<'running' | 'ended' | 'unknown'> {
  try {
    const { status } = await client.workflow.getHandle(workflowId).describe();
    return status.name === 'RUNNING' ? 'running' : 'ended';
  } catch (thrown) {
    if (thrown instanceof WorkflowNotFoundError) return 'unknown';
    throw thrown;
  }
}

/** Cancels a running workflow. The server takes the cancellation of an ended one without a word, so its state is asked first. */
export async function cancelRunning(client: Client, workflowId: string): Promise<boolean> {
  if ((await workflowState(client, workflowId)) !== 'running') return false;
  return cancelWorkflow(client, workflowId);
}

/** Cancels a workflow; false when there is none. */
export function cancelWorkflow(client: Client, workflowId: string): Promise<boolean> {
  return ifFound(() => client.workflow.getHandle(workflowId).cancel());
}

/** Does something to a workflow; false when there is none. */
export async function ifFound(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (thrown) {
    if (thrown instanceof WorkflowNotFoundError) return false;
    throw thrown;
  }
}
