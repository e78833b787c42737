import { proxyActivities, proxyLocalActivities, workflowInfo } from '@temporalio/workflow';

import type { Activities } from '../activities/index.ts';
import { localPolicies, remotePolicies } from './policies.ts';
import { taskQueueOf } from './task-queues.ts';

/** The steps that run in the workflow's own worker. */
export const local = {
  screenMessage: proxyLocalActivities<Activities>(localPolicies.screenMessage).screenMessage,
  isSettled: proxyLocalActivities<Activities>(localPolicies.isSettled).isSettled,
  settleMessage: proxyLocalActivities<Activities>(localPolicies.settleMessage).settleMessage,
};

/** The steps of the core task queue. */
export const core = {
  recallMemories: proxyActivities<Activities>(remotePolicies.recallMemories).recallMemories,
  memoriseMessage: proxyActivities<Activities>(remotePolicies.memoriseMessage).memoriseMessage,
  cancelMessages: proxyActivities<Activities>(remotePolicies.cancelMessages).cancelMessages,
};

/** The step of the one-slot GPU queue, with the longest wait for the slot. */
export function gpu(waitSeconds: number): Pick<Activities, 'generateReply'> {
  return proxyActivities<Pick<Activities, 'generateReply'>>({
    ...remotePolicies.generateReply,
    taskQueue: taskQueueOf('gpu', workflowInfo().taskQueue),
    scheduleToStartTimeout: `${waitSeconds} seconds`,
  });
}
