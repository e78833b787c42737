import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';

import type { MessageKey, MessageRef } from '../domain/chat.ts';
import type { CloudDecision } from '../domain/routing/departure.ts';
import type { NightCaps } from '../domain/night/limits.ts';
import type { NightRunId, NightWhen } from '../domain/night/run.ts';
import type { WantedModels } from '../domain/models/autopull.ts';
import type { DraftKey } from '../domain/skills/draft.ts';
import type { SkillLife } from '../domain/skills/life.ts';
import type { BundleHash, SkillId } from '../domain/skills/manifest.ts';
import type { RunKey, SkillRunRef } from '../domain/skills/run.ts';
import type { CallDecision } from '../domain/skills/steps.ts';
import type { ScheduleName, ScheduleRef } from '../domain/skills/schedule.ts';
import type { SkillFault } from '../domain/skills/strikes.ts';

/** Input of the `message` workflow: ids and limits only, the text stays in the conversation store. */
export type MessageInput = MessageRef & {
  /** The message before this one, if it was pending when this one was accepted: it answers first. */
  readonly after?: MessageKey;
  /** Longest wait for a free GPU slot. */
  readonly gpuWaitSeconds: number;
};

/** The workflow id of a message: a business key, so that a repeated start is the same run. */
export function messageWorkflowId(ref: MessageRef): string {
  return `message/${ref.conversation}/${ref.key}`;
}

/** Asks a message's workflow to send `yourTurn` to the given workflow once its own message is settled. */
export const askTurn = defineSignal<[workflowId: string]>('askTurn');

/** Tells a waiting message that the one before it is settled. */
export const yourTurn = defineSignal('yourTurn');

/** Tells a message that waits for the owner what was decided; the first decision on a call counts. */
export const decideCall = defineSignal<[CallDecision]>('decideCall');

/** Tells a message that waits for the owner whether it may go to the cloud; the first decision counts. */
export const decideCloud = defineSignal<[CloudDecision]>('decideCloud');

/** Input of the `lockdown` workflow. */
export type LockdownInput = { readonly reason: string; readonly by: string };

/** Ends the `lockdown` workflow; the flag itself is lifted by whoever sends this. */
export const unlock = defineSignal<[by: string]>('unlock');

/** How many messages the lockdown has cancelled so far. */
export const cancelledMessages = defineQuery<number>('cancelledMessages');

/** Workflow id of the one lockdown there can be. */
export const lockdownWorkflowId = 'lockdown';

/** Waits and limits of a skill's life; tests pass short ones. */
export type LifeSettings = {
  /**
   * First wait before a run is made again that no fault of the skill kept from ending; it doubles up to ten minutes, and up to six hours
   * before it is measured again how much a skill helps.
   */
  readonly retryMs: number;
  /** So many changes begin the history anew. */
  readonly continueAfter: number;
  /** Longest wait for a worker that has a sandbox or the GPU. */
  readonly queueWaitSeconds: number;
};

/** Input of the `skillLife` workflow. Without a life it takes up what the catalogue knows. */
export type SkillLifeInput = { readonly id: SkillId; readonly settings: LifeSettings; readonly life?: SkillLife };

/** The workflow id of a skill: one life for each. */
export function skillLifeWorkflowId(id: SkillId): string {
  return `skill/${id}`;
}

/** Who gives an order, and about which version. */
type Order = { readonly by: string };
type VersionOrder = Order & { readonly hash: BundleHash };

/** Puts a version into quarantine; with `over` only while that version is in use, null for none, and no other is under test. */
export const submitSkill = defineUpdate<SkillLife, [VersionOrder & { readonly over?: BundleHash | null }]>('submit');

/** Promotes the version that waits. `approval` is the id of a redeemed code, never the code. */
export const approveSkill = defineUpdate<
  SkillLife,
  [VersionOrder & { readonly approval: string; readonly override?: string }]
>('approve');

/** Ends the test of a version. */
export const rejectSkill = defineUpdate<SkillLife, [VersionOrder & { readonly reason: string }]>('reject');

/** Takes the active version out of use. */
export const deprecateSkill = defineUpdate<
  SkillLife,
  [Order & { readonly reason: string; readonly hash?: BundleHash }]
>('deprecate');

/** Puts a former version into quarantine again. */
export const restoreSkill = defineUpdate<SkillLife, [VersionOrder & { readonly reason: string }]>('restore');

/** Tells that something the skill needs has changed. */
export const retestSkill = defineUpdate<SkillLife, [Order & { readonly reason: string }]>('retest');

/** Reports a fault of a version in use. */
export const recordFailure = defineSignal<[{ readonly hash: BundleHash; readonly fault: SkillFault }]>('recordFailure');

/** Where the skill stands. */
export const lifeOfSkill = defineQuery<SkillLife>('life');

/** Input of the `skillRun` workflow: the input of the skill stays in the store of runs. */
export type SkillRunInput = SkillRunRef & {
  /** The version that was chosen; without it whichever is active. Another active one is refused. */
  readonly hash?: BundleHash;
  /** 1 chat, 3 quarantine, 5 night work. */
  readonly priority: 1 | 3 | 5;
  /** Longest wait for a free sandbox. */
  readonly queueWaitSeconds: number;
};

/** Input of the `skillDraft` workflow: the wish stays in the store of drafts. */
export type SkillDraftInput = {
  readonly key: DraftKey;
  /** Longest wait for a free GPU slot, and for a free sandbox. */
  readonly gpuWaitSeconds: number;
};

/** Input of the `nightRevision` workflow. */
export type NightRevisionInput = {
  /** Longest wait for the GPU or a free sandbox. */
  readonly queueWaitSeconds: number;
};

/** The workflow id of a draft. */
export function skillDraftWorkflowId(key: DraftKey): string {
  return `skill-draft/${key}`;
}

/** The workflow id of a run: a business key, so that a repeated start is the same run. */
export function skillRunWorkflowId({ skill, key }: SkillRunRef): string {
  return `skill-run/${skill}/${key}`;
}

/** Input of the `skillEval` workflow. */
export type SkillEvalInput = {
  readonly id: SkillId;
  readonly hash: BundleHash;
  /** Longest wait for the GPU or a free sandbox. */
  readonly queueWaitSeconds: number;
};

type MeasuredVersion = { readonly id: SkillId; readonly hash: BundleHash; readonly key: RunKey };

/** The workflow id of a measurement: a business key, so that asking again is the same one. */
export function skillEvalWorkflowId({ id, hash, key }: MeasuredVersion): string {
  return `skill-eval/${id}/${hash.slice(0, 12)}/${key}`;
}

/** Input of the `modelPull` workflow: the name as it was asked for, and who wants it. */
export type ModelPullInput = {
  readonly asked: string;
  readonly by: string;
  /** Milliseconds since 1970. */
  readonly askedAt: number;
  /** First wait before another attempt. */
  readonly retryMs: number;
};

/** The workflow id of a pull; `listed` is the name the model will be listed by, so that two pulls of one model are one. */
export function modelPullWorkflowId(listed: string): string {
  return `model-pull/${listed}`;
}

/** Asks for the model, at this time; one that comes after the pull was stopped or has failed begins another. */
export const wantModel = defineSignal<[askedAt: number]>('wantModel');

/** Input of the `modelAutopull` workflow. */
export type ModelAutopullInput = { readonly wanted: WantedModels; readonly retryMs: number };

/** Workflow id of the one that pulls what is missing. */
export const modelAutopullWorkflowId = 'model-autopull';

/** Input of the `skillRunDue` workflow: the input of the skill stays with the schedule, the due time comes from Temporal. */
export type SkillRunDueInput = {
  readonly skill: SkillId;
  readonly schedule: ScheduleName;
  /** Longest wait for a free sandbox. */
  readonly queueWaitSeconds: number;
  /** What starts later than that is skipped as missed. */
  readonly catchUpMs: number;
};

/** The id of a schedule in Temporal. */
export function skillScheduleId({ skill, name }: ScheduleRef): string {
  return `skill-schedule/${skill}/${name}`;
}

/** What the ids of due runs begin with; Temporal appends the due time, so that a repeated start is the same due run. */
export function skillRunDueWorkflowId({ skill, name }: ScheduleRef): string {
  return `skill-run-due/${skill}/${name}`;
}

/** Input of the `dreamCycle` workflow. Without an id it is due by the schedule, and Temporal tells the time. */
export type DreamCycleInput = NightCaps & {
  readonly id?: NightRunId;
  /** What starts later than that after it was due is skipped as missed. */
  readonly catchUpMs: number;
  /** Whether the owner's trust lets it draft a revision of a skill. */
  readonly mayRevise: boolean;
  /** When the schedule is due, for those who look at it. */
  readonly when?: NightWhen;
};

/** The id of the schedule of the nightly maintenance in Temporal. */
export const dreamCycleScheduleId = 'dream-cycle';

/** What the ids of due runs begin with; Temporal appends the due time, so that a repeated start is the same run. */
export function dueDreamCycleId(schedule: string): string {
  return `${schedule}/due`;
}

/** The workflow id of a run. */
export function dreamCycleWorkflowId(id: NightRunId, schedule: string = dreamCycleScheduleId): string {
  const due = /^due-(?<day>\d{8})T(?<time>\d{6})Z$/.exec(id)?.groups;
  if (due === undefined) return `${schedule}/${id}`;
  const { day = '', time = '' } = due;
  const date = `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}`;
  return `${dueDreamCycleId(schedule)}-${date}T${time.slice(0, 2)}:${time.slice(2, 4)}:${time.slice(4)}Z`;
}
