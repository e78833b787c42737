import type { ActivityOptions, LocalActivityOptions } from '@temporalio/workflow';

import type { Activities } from '../activities/index.ts';
import { nightLocalPolicies, nightPolicies } from './night-policies.ts';

/** Steps that run inside the workflow's own worker, short and idempotent: a step costs 4 ms instead of 12. */
const localPolicies = {
  screenMessage: {
    startToCloseTimeout: '5 seconds',
    scheduleToCloseTimeout: '2 minutes',
    retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '2 seconds' },
  },
  isSettled: {
    startToCloseTimeout: '5 seconds',
    retry: { initialInterval: '200 milliseconds', maximumInterval: '5 seconds' },
  },
  // An answer that exists must not be lost because the store is away: keep trying for a day.
  settleMessage: {
    startToCloseTimeout: '5 seconds',
    scheduleToCloseTimeout: '1 day',
    retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '5 seconds' },
  },
  recallSkillLife: {
    startToCloseTimeout: '5 seconds',
    retry: { initialInterval: '200 milliseconds', maximumInterval: '5 seconds' },
  },
  inspectSkill: {
    startToCloseTimeout: '5 seconds',
    retry: { initialInterval: '200 milliseconds', maximumInterval: '2 seconds', maximumAttempts: 8 },
  },
  // A change that is not audited has not happened: the life waits until it can be.
  publishSkillLife: {
    startToCloseTimeout: '5 seconds',
    retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '5 seconds' },
  },
  certifySkill: {
    startToCloseTimeout: '5 seconds',
    retry: { initialInterval: '200 milliseconds', maximumInterval: '2 seconds', maximumAttempts: 8 },
  },
  assessRevision: {
    startToCloseTimeout: '5 seconds',
    retry: { initialInterval: '200 milliseconds', maximumInterval: '2 seconds', maximumAttempts: 8 },
  },
  parkCall: {
    startToCloseTimeout: '5 seconds',
    scheduleToCloseTimeout: '2 minutes',
    retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '2 seconds' },
  },
  unparkCall: {
    startToCloseTimeout: '5 seconds',
    scheduleToCloseTimeout: '1 day',
    retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '5 seconds' },
  },
  planCloud: {
    startToCloseTimeout: '15 seconds',
    scheduleToCloseTimeout: '2 minutes',
    retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '2 seconds' },
  },
  parkCloud: {
    startToCloseTimeout: '5 seconds',
    scheduleToCloseTimeout: '2 minutes',
    retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '2 seconds' },
  },
  unparkCloud: {
    startToCloseTimeout: '5 seconds',
    scheduleToCloseTimeout: '1 day',
    retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '5 seconds' },
  },
  declineCall: {
    startToCloseTimeout: '5 seconds',
    scheduleToCloseTimeout: '2 minutes',
    retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '2 seconds' },
  },
  beginStep: {
    startToCloseTimeout: '5 seconds',
    scheduleToCloseTimeout: '2 minutes',
    retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '2 seconds' },
  },
  concludeStep: {
    startToCloseTimeout: '5 seconds',
    scheduleToCloseTimeout: '2 minutes',
    retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '2 seconds' },
  },
  failDraft: {
    startToCloseTimeout: '5 seconds',
    scheduleToCloseTimeout: '1 day',
    retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '5 seconds' },
  },
  reportDraft: {
    startToCloseTimeout: '5 seconds',
    scheduleToCloseTimeout: '1 day',
    retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '5 seconds' },
  },
  settleSkillRun: {
    startToCloseTimeout: '5 seconds',
    scheduleToCloseTimeout: '1 day',
    retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '5 seconds' },
  },
  settlePull: {
    startToCloseTimeout: '5 seconds',
    scheduleToCloseTimeout: '1 day',
    retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '2 minutes' },
  },
  // What was due must not vanish because the store is away: it is begun, or recorded as missed, once the store is back. Waits of
  // more than a minute are timers, which keeps the history short.
  beginDueRun: {
    startToCloseTimeout: '5 seconds',
    scheduleToCloseTimeout: '1 day',
    retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '2 minutes' },
  },
  endDueRun: {
    startToCloseTimeout: '5 seconds',
    scheduleToCloseTimeout: '1 day',
    retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '2 minutes' },
  },
} as const satisfies Partial<Record<keyof Activities, LocalActivityOptions>>;

/** Steps that cross a task queue. `priority` 1 is chat, 3 quarantine, 5 night work. */
const remotePolicies = {
  recallMemories: {
    startToCloseTimeout: '5 seconds',
    scheduleToCloseTimeout: '2 minutes',
    retry: { initialInterval: '200 milliseconds', maximumInterval: '2 seconds' },
    priority: { priorityKey: 1 },
    summary: 'Find memories that fit the message',
  },
  // Heartbeats every 0.4 s; 5 s without one means the worker is gone. How long it tries is up to the step itself: a model may load for an
  // hour, read for half of one and speak for 20 minutes.
  generateReply: {
    startToCloseTimeout: '2 hours',
    heartbeatTimeout: '5 seconds',
    retry: {
      initialInterval: '500 milliseconds',
      backoffCoefficient: 1.5,
      maximumInterval: '2 seconds',
      maximumAttempts: 100,
    },
    priority: { priorityKey: 1 },
    summary: 'Let the model answer',
  },
  // A cloud that says how long to wait is given that long; few attempts, for each counts towards leaving it alone.
  generateCloudReply: {
    startToCloseTimeout: '30 minutes',
    heartbeatTimeout: '5 seconds',
    retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '10 seconds', maximumAttempts: 4 },
    priority: { priorityKey: 1 },
    summary: 'Let the cloud answer',
  },
  // Memory of an answered message: nobody waits for it, so it may wait long for the vector store.
  memoriseMessage: {
    startToCloseTimeout: '30 seconds',
    scheduleToCloseTimeout: '1 day',
    retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute' },
    priority: { priorityKey: 3 },
    summary: 'Remember the message and its answer',
  },
  // Nothing but a step across the queue: with it an order is in the history before anything of it is done. A crash would lose an order
  // whose effects have begun, and leave those.
  takeOrder: {
    startToCloseTimeout: '5 seconds',
    retry: { initialInterval: '200 milliseconds', maximumInterval: '5 seconds' },
    priority: { priorityKey: 1 },
    summary: 'Take an order of the owner',
  },
  cancelMessages: {
    startToCloseTimeout: '30 seconds',
    retry: { initialInterval: '200 milliseconds', maximumInterval: '5 seconds' },
    priority: { priorityKey: 1 },
    summary: 'Stop everything that runs',
  },
  // The longest run a manifest may ask for takes 5 minutes. Its priority comes with each call: chat 1, quarantine 3, night work 5.
  runSkill: {
    startToCloseTimeout: '7 minutes',
    heartbeatTimeout: '5 seconds',
    retry: {
      initialInterval: '500 milliseconds',
      backoffCoefficient: 1.5,
      maximumInterval: '4 seconds',
      maximumAttempts: 5,
    },
    summary: 'Run the skill in a sandbox',
  },
  // Writing a skill takes minutes of a small model; how long it tries is up to the step itself.
  writeDraft: {
    startToCloseTimeout: '2 hours',
    heartbeatTimeout: '5 seconds',
    retry: {
      initialInterval: '500 milliseconds',
      backoffCoefficient: 1.5,
      maximumInterval: '2 seconds',
      maximumAttempts: 100,
    },
    priority: { priorityKey: 3 },
    summary: 'Let the model write a skill',
  },
  beginRevision: {
    startToCloseTimeout: '30 seconds',
    scheduleToCloseTimeout: '2 minutes',
    retry: { initialInterval: '1 second', maximumInterval: '10 seconds' },
    priority: { priorityKey: 5 },
    summary: 'Look at the skills that failed',
  },
  writeRevision: {
    startToCloseTimeout: '10 minutes',
    heartbeatTimeout: '5 seconds',
    retry: { initialInterval: '1 second', maximumInterval: '5 seconds', maximumAttempts: 3 },
    priority: { priorityKey: 5 },
    summary: 'Let the model mend a skill',
  },
  tryRevision: {
    startToCloseTimeout: '20 minutes',
    heartbeatTimeout: '5 seconds',
    retry: { initialInterval: '1 second', maximumAttempts: 3 },
    summary: 'Run the cases of the revision and of the version in use',
  },
  proposeRevision: {
    startToCloseTimeout: '45 seconds',
    retry: { initialInterval: '500 milliseconds', maximumInterval: '4 seconds', maximumAttempts: 8 },
    priority: { priorityKey: 5 },
    summary: 'Put the revision before the owner',
  },
  dropRevision: {
    startToCloseTimeout: '5 seconds',
    scheduleToCloseTimeout: '10 minutes',
    retry: { initialInterval: '500 milliseconds', maximumInterval: '5 seconds' },
    priority: { priorityKey: 5 },
    summary: 'Give the revision up',
  },
  tryDraft: {
    startToCloseTimeout: '20 minutes',
    heartbeatTimeout: '5 seconds',
    retry: { initialInterval: '1 second', maximumAttempts: 3 },
    summary: 'Run the cases of the draft',
  },
  submitDraft: {
    startToCloseTimeout: '45 seconds',
    retry: { initialInterval: '500 milliseconds', maximumInterval: '4 seconds', maximumAttempts: 8 },
    priority: { priorityKey: 3 },
    summary: 'Hand the draft in for quarantine',
  },
  // A model of any size over any line: what an attempt has brought is kept for the next, and trouble on the way may last for hours.
  pullModel: {
    startToCloseTimeout: '2 days',
    scheduleToCloseTimeout: '3 days',
    heartbeatTimeout: '5 seconds',
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
    retry: { initialInterval: '2 seconds', backoffCoefficient: 2, maximumInterval: '5 minutes' },
    priority: { priorityKey: 5 },
    summary: 'Pull the model',
  },
  // The model server may still be on its way to this machine.
  findMissingModels: {
    startToCloseTimeout: '30 seconds',
    scheduleToCloseTimeout: '3 hours',
    retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '10 seconds' },
    priority: { priorityKey: 5 },
    summary: 'See which models are missing',
  },
  // What was missed before is recorded along the way; the next due run does it when this one cannot.
  keepSkillSchedule: {
    startToCloseTimeout: '30 seconds',
    scheduleToCloseTimeout: '2 minutes',
    retry: { initialInterval: '1 second', maximumInterval: '10 seconds' },
    priority: { priorityKey: 5 },
    summary: 'Record what was missed before',
  },
  // Whether a skill helps is good to know, but nobody waits for ever to hear it.
  runCases: {
    startToCloseTimeout: '20 minutes',
    scheduleToCloseTimeout: '40 minutes',
    heartbeatTimeout: '5 seconds',
    retry: { initialInterval: '1 second', maximumAttempts: 3 },
    priority: { priorityKey: 3 },
    summary: 'Run the cases with the skill',
  },
  answerCases: {
    startToCloseTimeout: '20 minutes',
    scheduleToCloseTimeout: '40 minutes',
    heartbeatTimeout: '5 seconds',
    retry: { initialInterval: '1 second', maximumAttempts: 3 },
    priority: { priorityKey: 3 },
    summary: 'Let the model answer the cases alone',
  },
} as const satisfies Partial<Record<keyof Activities, ActivityOptions>>;

/** The row of every activity; one without a row does not compile. */
export const policies = {
  ...localPolicies,
  ...remotePolicies,
  ...nightLocalPolicies,
  ...nightPolicies,
} as const satisfies Record<keyof Activities, object>;
