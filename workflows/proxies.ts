import { proxyActivities, proxyLocalActivities, workflowInfo } from '@temporalio/workflow';

import type { Activities } from '../activities/index.ts';
import type { WorkerRole } from '../domain/worker-role.ts';
import { policies } from './policies.ts';
import { taskQueueOf } from './task-queues.ts';

/** The steps that run in the workflow's own worker. */
export const local = {
  screenMessage: proxyLocalActivities<Activities>(policies.screenMessage).screenMessage,
  isSettled: proxyLocalActivities<Activities>(policies.isSettled).isSettled,
  settleMessage: proxyLocalActivities<Activities>(policies.settleMessage).settleMessage,
  recallSkillLife: proxyLocalActivities<Activities>(policies.recallSkillLife).recallSkillLife,
  inspectSkill: proxyLocalActivities<Activities>(policies.inspectSkill).inspectSkill,
  publishSkillLife: proxyLocalActivities<Activities>(policies.publishSkillLife).publishSkillLife,
  certifySkill: proxyLocalActivities<Activities>(policies.certifySkill).certifySkill,
  assessRevision: proxyLocalActivities<Activities>(policies.assessRevision).assessRevision,
  parkCall: proxyLocalActivities<Activities>(policies.parkCall).parkCall,
  unparkCall: proxyLocalActivities<Activities>(policies.unparkCall).unparkCall,
  planCloud: proxyLocalActivities<Activities>(policies.planCloud).planCloud,
  parkCloud: proxyLocalActivities<Activities>(policies.parkCloud).parkCloud,
  unparkCloud: proxyLocalActivities<Activities>(policies.unparkCloud).unparkCloud,
  declineCall: proxyLocalActivities<Activities>(policies.declineCall).declineCall,
  beginStep: proxyLocalActivities<Activities>(policies.beginStep).beginStep,
  concludeStep: proxyLocalActivities<Activities>(policies.concludeStep).concludeStep,
  failDraft: proxyLocalActivities<Activities>(policies.failDraft).failDraft,
  reportDraft: proxyLocalActivities<Activities>(policies.reportDraft).reportDraft,
  settleSkillRun: proxyLocalActivities<Activities>(policies.settleSkillRun).settleSkillRun,
  settlePull: proxyLocalActivities<Activities>(policies.settlePull).settlePull,
  beginDueRun: proxyLocalActivities<Activities>(policies.beginDueRun).beginDueRun,
  endDueRun: proxyLocalActivities<Activities>(policies.endDueRun).endDueRun,
};

/** The steps of the core task queue. */
export const core = {
  recallMemories: proxyActivities<Activities>(policies.recallMemories).recallMemories,
  generateCloudReply: proxyActivities<Activities>(policies.generateCloudReply).generateCloudReply,
  memoriseMessage: proxyActivities<Activities>(policies.memoriseMessage).memoriseMessage,
  submitDraft: proxyActivities<Activities>(policies.submitDraft).submitDraft,
  beginRevision: proxyActivities<Activities>(policies.beginRevision).beginRevision,
  proposeRevision: proxyActivities<Activities>(policies.proposeRevision).proposeRevision,
  dropRevision: proxyActivities<Activities>(policies.dropRevision).dropRevision,
  takeOrder: proxyActivities<Activities>(policies.takeOrder).takeOrder,
  cancelMessages: proxyActivities<Activities>(policies.cancelMessages).cancelMessages,
  keepSkillSchedule: proxyActivities<Activities>(policies.keepSkillSchedule).keepSkillSchedule,
  findMissingModels: proxyActivities<Activities>(policies.findMissingModels).findMissingModels,
};

/** The step that pulls a model; it is tried again after `retryMs` first, then ever more seldom. */
export function pulls(retryMs: number): Pick<Activities, 'pullModel'> {
  const retry = { ...policies.pullModel.retry, initialInterval: retryMs };
  return { pullModel: proxyActivities<Activities>({ ...policies.pullModel, retry }).pullModel };
}

/** The steps of the one-slot GPU queue, with the longest wait for the slot. */
export function gpu(
  waitSeconds: number,
): Pick<Activities, 'generateReply' | 'answerCases' | 'writeDraft' | 'writeRevision'> {
  const queue = queueOptions('gpu', waitSeconds);
  return {
    generateReply: proxyActivities<Activities>({ ...policies.generateReply, ...queue }).generateReply,
    answerCases: proxyActivities<Activities>({ ...policies.answerCases, ...queue }).answerCases,
    writeDraft: proxyActivities<Activities>({ ...policies.writeDraft, ...queue }).writeDraft,
    writeRevision: proxyActivities<Activities>({ ...policies.writeRevision, ...queue }).writeRevision,
  };
}

/** The steps of the sandbox queue: how urgent they are, and the longest wait for a free sandbox. */
export function sandbox({ priority, waitSeconds }: { priority: 1 | 3 | 5; waitSeconds: number }) {
  const queue = { ...queueOptions('sandbox', waitSeconds), priority: { priorityKey: priority } };
  return {
    runSkill: proxyActivities<Activities>({ ...policies.runSkill, ...queue }).runSkill,
    runCases: proxyActivities<Activities>({ ...policies.runCases, ...queue }).runCases,
    tryDraft: proxyActivities<Activities>({ ...policies.tryDraft, ...queue }).tryDraft,
    tryRevision: proxyActivities<Activities>({ ...policies.tryRevision, ...queue }).tryRevision,
  };
}

function queueOptions(role: WorkerRole, waitSeconds: number) {
  return {
    taskQueue: taskQueueOf(role, workflowInfo().taskQueue),
    scheduleToStartTimeout: `${waitSeconds} seconds`,
  } as const;
}
