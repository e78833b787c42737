import { type ConversationId, messageId, type MessageRef } from '../domain/chat.ts';
import type { SkillId } from '../domain/skills/manifest.ts';
import type { SkillRunRef } from '../domain/skills/run.ts';
import { scheduleId, type ScheduleRef } from '../domain/skills/schedule.ts';

/**
 * The names of everything Talos keeps in Redis.
 * What must survive has no time to live; only contexts, streams and holds end by themselves.
 */
export function redisKeys(prefix: string) {
  return {
    /** Sorted set: conversation ids by the time of their last change. */
    conversations: `${prefix}conversations`,
    /** Hash: title, createdAt, updatedAt. */
    conversation: (id: ConversationId) => `${prefix}conversation:${id}`,
    /** List: message keys; place + 1 is the sequence number. */
    messages: (id: ConversationId) => `${prefix}conversation:${id}:messages`,
    /** Sorted set: keys of pending messages by sequence number. */
    pending: (id: ConversationId) => `${prefix}conversation:${id}:pending`,
    /** Sorted set: keys of answered messages by sequence number. */
    answered: (id: ConversationId) => `${prefix}conversation:${id}:answered`,
    /** Hash: the record, plus draft while pending and the `done` event after. */
    message: (ref: MessageRef) => `${prefix}message:${messageId(ref)}`,
    /** String with a time to live. */
    context: (ref: MessageRef) => `${prefix}context:${messageId(ref)}`,
    /** Stream with a time to live. */
    tokens: (ref: MessageRef) => `${prefix}tokens:${messageId(ref)}`,
    /** Stream, bounded. */
    logs: `${prefix}logs`,
    /** String: the lockdown as JSON; absent when open. */
    lockdown: `${prefix}lockdown`,
    /** List with a time to live: times of the last critical hits. */
    hits: (id: ConversationId) => `${prefix}hits:${id}`,
    /** String with a time to live: until when the conversation is on hold. */
    hold: (id: ConversationId) => `${prefix}hold:${id}`,
    /** Hash: open approval codes, as proofs, by what they are for. */
    approvals: `${prefix}approvals`,
    /** Hash: wrong guesses and lock-outs by what was guessed for. */
    approvalGuards: `${prefix}approval-guards`,
    /** Hash: the life of every skill as JSON, by its id. */
    skillLives: `${prefix}skills`,
    /** Hash: how many changes the kept life of a skill has seen. */
    skillChanges: `${prefix}skills:changes`,
    /** Hash: the last change of a skill that was about to be published, and when. */
    skillAnnouncements: `${prefix}skills:announced`,
    /** What skills ran on at the last start. */
    skillGround: `${prefix}skills:ground`,
    /** Sorted set: keys of the runs of a skill in the order they came. */
    skillRuns: (skill: SkillId) => `${prefix}skill:${skill}:runs`,
    /** Sorted set: keys of those that failed. */
    failedRuns: (skill: SkillId) => `${prefix}skill:${skill}:failed`,
    /** Hash: input hash, facts, state, result. */
    skillRun: ({ skill, key }: SkillRunRef) => `${prefix}skill:${skill}:run:${key}`,
    /** Strings with a time to live: the input and the output as JSON. */
    runInput: ({ skill, key }: SkillRunRef) => `${prefix}skill:${skill}:run:${key}:input`,
    runOutput: ({ skill, key }: SkillRunRef) => `${prefix}skill:${skill}:run:${key}:output`,
    /** Hash with a time to live: what a model asked of skills, by the place of the round. */
    toolRounds: (ref: MessageRef) => `${prefix}tool-rounds:${messageId(ref)}`,
    /** Hash: calls that wait for the owner, as JSON. */
    awaitedCalls: `${prefix}awaited-calls`,
    /** String with a time to live: a draft as JSON. */
    draft: (key: string) => `${prefix}draft:${key}`,
    /** Hashes: schedules of skills and their inputs as JSON, by schedule id. */
    schedules: `${prefix}schedules`,
    scheduleInputs: `${prefix}schedules:inputs`,
    /** Hash: the due run that goes on and when it counts as over; until when every due time is accounted for. */
    scheduleState: (ref: ScheduleRef) => `${prefix}schedule:${scheduleId(ref)}`,
    /** Sorted set: keys of due runs by the time they were due. */
    dueTimes: (ref: ScheduleRef) => `${prefix}schedule:${scheduleId(ref)}:times`,
    /** Hash: what came of them as JSON, by key. */
    dueRuns: (ref: ScheduleRef) => `${prefix}schedule:${scheduleId(ref)}:runs`,
    /** Hash: pulls of models as JSON, by model. */
    modelPulls: `${prefix}model-pulls`,
    /** Hash: models the owner has chosen in place of the configured ones, by what for. */
    modelChoice: `${prefix}model-choice`,
    /** Hash with a time to live: what each worker's GPU does and when it said so, as JSON, by worker. */
    gpu: `${prefix}gpu`,
    /** Hash: tokens used and reserved, by day. */
    cloudBudget: `${prefix}cloud:budget`,
    /** Hash: state of the breaker before the cloud. */
    cloudBreaker: `${prefix}cloud:breaker`,
    /** Hash: messages that wait for leave to go to the cloud, as JSON. */
    awaitedClouds: `${prefix}awaited-clouds`,
    /** Hash: runs of the nightly maintenance as JSON, by id; sorted set: ids by when they were due or asked for. */
    nightRuns: `${prefix}night:runs`,
    nightTimes: `${prefix}night:times`,
    /** Hash: until when every due time of the night is accounted for, and the run that goes on. */
    nightState: `${prefix}night:state`,
    /** Channel on which the name of every stream that grew is published. */
    wakeUps: `${prefix}wake-ups`,
    prefix,
  };
}

export type RedisKeys = ReturnType<typeof redisKeys>;
