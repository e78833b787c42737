import { getExternalWorkflowHandle, isCancellation } from '@temporalio/workflow';

type ExternalHandle = ReturnType<typeof getExternalWorkflowHandle>;

/** Signals another workflow; false when no such workflow runs. */
export async function signalled(
  workflowId: string,
  signal: (handle: ExternalHandle) => Promise<void>,
): Promise<boolean> {
  try {
    await signal(getExternalWorkflowHandle(workflowId));
    return true;
  } catch (thrown) {
    if (isCancellation(thrown)) throw thrown;
    return false; // the only other failure of such a signal: that workflow has ended or never was
  }
}
