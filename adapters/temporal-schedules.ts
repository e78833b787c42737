import {
  Client,
  type ScheduleOptions,
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
} from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { msNumberToTs, tsToMs } from '@temporalio/common/lib/time.js';
import type { NativeConnection } from '@temporalio/worker';

import { TalosError } from '../domain/errors.ts';
import type { ScheduleClock } from '../domain/skills/ports.ts';
import { catchUpMs, describeWhen, type ScheduleRef, type SkillSchedule } from '../domain/skills/schedule.ts';
import { type SkillRunDueInput, skillRunDueWorkflowId, skillScheduleId } from '../workflows/messages.ts';
import { callTemporal } from './temporal-call.ts';

type ClockOptions = {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly taskQueue: string;
  readonly settings?: Partial<DueSettings>;
};

/** How late a due run may start, and how long it waits for a free sandbox. */
type DueSettings = Pick<SkillRunDueInput, 'catchUpMs' | 'queueWaitSeconds'>;

/** Nobody waits for a due run: it lets others go first for longer than they would wait. */
const defaultSettings: DueSettings = { catchUpMs, queueWaitSeconds: 600 };

const skillAttribute = defineSearchAttributeKey('TalosSkillId', SearchAttributeType.KEYWORD);

/** How long one call to Temporal may take. */
const callTimeoutMs = 5000;

/** A reply with all due times of a week is small, however often they come. */
const weekMs = 7 * 24 * 60 * 60 * 1000;

/** So many of the next times are told. */
const nextTimes = 3;

/** Schedules of skills as Temporal Schedules; each due time is one `skillRunDue` workflow. */
export function createTemporalSchedules(options: ClockOptions): ScheduleClock {
  const { connection, namespace } = options;
  const client = new Client({ connection, namespace });
  const call = <T>(work: () => Promise<T>) => callTemporal(connection, callTimeoutMs, work);
  const handle = (ref: ScheduleRef) => client.schedule.getHandle(skillScheduleId(ref));
  return {
    set: (schedule) => call(() => setSchedule(client, optionsOf(schedule, options))),
    remove: (ref) => call(() => ifKept(() => handle(ref).delete())),

    timing: (ref) =>
      call(async () => {
        const found = await ifKept(() => handle(ref).describe());
        if (found === undefined) return undefined;
        const { state, info } = found;
        return { paused: state.paused, next: info.nextActionTimes.slice(0, nextTimes).map(Number) };
      }),

    async dueTimes(ref, { after, until }) {
      const times: number[] = [];
      for (let start = after; start < until; start += weekMs) {
        const range = { start, end: Math.min(start + weekMs, until) };
        times.push(...(await call(() => matchingTimes(client, ref, range))));
      }
      return times;
    },
  };
}

function optionsOf(schedule: SkillSchedule, { taskQueue, settings }: ClockOptions): ScheduleOptions {
  const { skill, name, when, paused } = schedule;
  const input: SkillRunDueInput = { skill, schedule: name, ...defaultSettings, ...settings };
  const attributes = [{ key: skillAttribute, value: skill }];
  return {
    scheduleId: skillScheduleId(schedule),
    spec:
      'cron' in when
        ? { cronExpressions: [when.cron], timezone: when.zone }
        : { intervals: [{ every: `${when.everyMinutes} minutes` }] },
    action: {
      type: 'startWorkflow',
      workflowType: 'skillRunDue',
      workflowId: skillRunDueWorkflowId(schedule),
      taskQueue,
      args: [input],
      staticSummary: `Skill ${skill} by its schedule ${name}: ${describeWhen(when)}`,
      typedSearchAttributes: attributes,
    },
    // What overlaps is started as well, and records itself as skipped: the server would only count it.
    policies: { overlap: ScheduleOverlapPolicy.ALLOW_ALL, catchupWindow: input.catchUpMs, pauseOnFailure: false },
    state: { paused, note: paused ? `Skill ${skill}, paused` : `Skill ${skill}: ${describeWhen(when)}` },
    memo: { skill, schedule: name },
    typedSearchAttributes: attributes,
  };
}

async function setSchedule(client: Client, options: ScheduleOptions): Promise<void> {
  try {
    await client.schedule.create(options);
  } catch (thrown) {
    if (!(thrown instanceof ScheduleAlreadyRunning)) throw refusedTimes(thrown);
    const { scheduleId: id, memo: _memo, state = {}, ...changed } = options;
    await client.schedule.getHandle(id).update(() => ({ ...changed, state }));
  }
}

/** What the server says of times it cannot keep, after these words. */
const refusal = /Invalid schedule spec: (?<why>.*)/s;

function refusedTimes(thrown: unknown): unknown {
  const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : undefined;
  const why = refusal.exec(cause?.message ?? '')?.groups?.['why'];
  if (why === undefined) return thrown;
  return new TalosError('VALIDATION_FAILED', `Temporal does not take these times: ${why}.`, {
    cause: thrown,
    details: { field: 'cron' },
  });
}

/** The server leaves the start out and the end in. */
async function matchingTimes(
  client: Client,
  ref: ScheduleRef,
  { start, end }: { start: number; end: number },
): Promise<number[]> {
  const { startTime } = await client.workflowService.listScheduleMatchingTimes({
    namespace: client.options.namespace,
    scheduleId: skillScheduleId(ref),
    startTime: msNumberToTs(start),
    endTime: msNumberToTs(end),
  });
  return startTime.map(tsToMs);
}

/** Undefined for a schedule Temporal does not keep. */
async function ifKept<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof ScheduleNotFoundError) return undefined;
    throw thrown;
  }
}
