import { Client, type ScheduleOptions, ScheduleOverlapPolicy } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import type { NativeConnection } from '@temporalio/worker';

import { TalosError } from '../domain/errors.ts';
import type { ScheduleClock } from '../domain/skills/ports.ts';
import { catchUpMs, describeWhen, type SkillSchedule } from '../domain/skills/schedule.ts';
import { type SkillRunDueInput, skillRunDueWorkflowId, skillScheduleId } from '../workflows/messages.ts';
import { callTemporal } from './temporal-call.ts';
import { describeSchedule, dueTimesOf, removeSchedule, setSchedule, timingOf } from './temporal-schedule.ts';

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

/** Schedules of skills as Temporal Schedules; each due time is one `skillRunDue` workflow. */
export function createTemporalSchedules(options: ClockOptions): ScheduleClock {
  const { connection, namespace } = options;
  const client = new Client({ connection, namespace });
  const call = <T>(work: () => Promise<T>) => callTemporal(connection, callTimeoutMs, work);
  return {
    set: (schedule) => call(() => setOrRefuse(client, optionsOf(schedule, options))),
    remove: (ref) => call(() => removeSchedule(client, skillScheduleId(ref))),

    async timing(ref) {
      const found = await call(() => describeSchedule(client, skillScheduleId(ref)));
      return found && timingOf(found);
    },

    dueTimes: (ref, range) => dueTimesOf(client, skillScheduleId(ref), { ...range, call }),
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

async function setOrRefuse(client: Client, options: ScheduleOptions): Promise<void> {
  try {
    await setSchedule(client, options);
  } catch (thrown) {
    throw refusedTimes(thrown);
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
