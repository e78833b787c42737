import { proxyActivities, proxyLocalActivities, workflowInfo } from '@temporalio/workflow';

import { policies } from '../../workflows/policies.ts';
import { taskQueueOf } from '../../workflows/task-queues.ts';

/** Activities that do nothing, in the places where a message's activities stand. */
export const emptyActivities = { step: async (): Promise<void> => undefined };
type Empty = typeof emptyActivities;

/** The shape of a message up to its answer: local, remote, remote on the GPU queue, local; `after` adds the step behind the answer. */
export async function bare(after: boolean): Promise<void> {
  await proxyLocalActivities<Empty>(policies.screenMessage).step();
  await proxyActivities<Empty>(policies.recallMemories).step();
  const taskQueue = taskQueueOf('gpu', workflowInfo().taskQueue);
  await proxyActivities<Empty>({ ...policies.generateReply, taskQueue, scheduleToStartTimeout: '60 seconds' }).step();
  await proxyLocalActivities<Empty>(policies.settleMessage).step();
  if (after) await proxyActivities<Empty>(policies.memoriseMessage).step();
}
