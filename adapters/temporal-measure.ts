import { type Client, WorkflowFailedError } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';

import type { Measurement, MeasureOrder } from '../domain/skills/ports.ts';
import type { Benefit } from '../domain/skills/certificate.ts';
import { fromActivityFailure } from '../workflows/failure.ts';
import { type SkillEvalInput, skillEvalWorkflowId } from '../workflows/messages.ts';
import { callTemporal } from './temporal-call.ts';
import { startOnce } from './temporal-workflows.ts';

type MeasureOptions = {
  readonly client: Client;
  readonly connection: NativeConnection;
  readonly taskQueue: string;
  readonly queueWaitSeconds: number;
};

/** How long a start may take. */
const callTimeoutMs = 5000;

/** Starts a measurement, or finds it, and waits for what comes of it until the signal. Fails as its last step did. */
export async function measureSkill(
  options: MeasureOptions,
  { id, hash, key }: MeasureOrder,
  signal: AbortSignal,
): Promise<Measurement> {
  const { client, connection, taskQueue, queueWaitSeconds } = options;
  const workflowId = skillEvalWorkflowId({ id, hash, key });
  const input: SkillEvalInput = { id, hash, queueWaitSeconds };
  await callTemporal(connection, callTimeoutMs, () =>
    startOnce(() =>
      client.workflow.start('skillEval', {
        workflowId,
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
        workflowIdConflictPolicy: 'USE_EXISTING',
        taskQueue,
        args: [input],
        staticSummary: `Whether skill ${id} ${hash.slice(0, 12)} helps`,
      }),
    ),
  );
  if (signal.aborted) return { state: 'pending' }; // the connection notices only what aborts later
  try {
    const handle = client.workflow.getHandle(workflowId);
    const benefit = await connection.withAbortSignal(signal, (): Promise<Benefit | null> => handle.result());
    return { state: 'measured', ...(benefit !== null && { benefit }) };
  } catch (thrown) {
    if (signal.aborted) return { state: 'pending' };
    if (thrown instanceof WorkflowFailedError) throw fromActivityFailure(thrown.cause);
    return callTemporal(connection, callTimeoutMs, () => Promise.reject(thrown));
  }
}
