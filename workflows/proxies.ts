import { proxyActivities, proxyLocalActivities, workflowInfo } from '@temporalio/workflow';

import type { Activities } from '../activities/index.ts';
import { policies } from './policies.ts';
import { taskQueueOf } from './task-queues.ts';

/** The steps that run in the workflow's own worker. */
export const local = {
  screenMessage: proxyLocalActivities<Activities>(policies.screenMessage).screenMessage,
  isSettled: proxyLocalActivities<Activities>(policies.isSettled).isSettled,
  settleMessage: proxyLocalActivities<Activities>(policies.settleMessage).settleMessage,
};

/** The steps of the core task queue. */
export const core = {
  recallMemories: proxyActivities<Activities>(policies.recallMemories).recallMemories,
  memoriseMessage: proxyActivities<Activities>(policies.memoriseMessage).memoriseMessage,
  cancelMessages: proxyActivities<Activities>(policies.cancelMessages).cancelMessages,
};

/** The step of the one-slot GPU queue, with the longest wait for the slot. */
export function gpu(waitSeconds: number): Pick<Activities, 'generateReply'> {
  return proxyActivities<Pick<Activities, 'generateReply'>>({
    ...policies.generateReply,
    taskQueue: taskQueueOf('gpu', workflowInfo().taskQueue),
    scheduleToStartTimeout: `${waitSeconds} seconds`,
  });
}
