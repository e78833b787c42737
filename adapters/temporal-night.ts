import { Client, type ScheduleDescription, type ScheduleOptions, ScheduleOverlapPolicy } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';
import { z } from 'zod';

import { type NightCaps, nightCatchUpMs, nightGraceMs } from '../domain/night/limits.ts';
import type { NightClock, NightRuntime } from '../domain/night/ports.ts';
import { NightWhen } from '../domain/night/run.ts';
import { describeNightWhen } from '../domain/night/when.ts';
import {
  type DreamCycleInput,
  dreamCycleScheduleId,
  dreamCycleWorkflowId,
  dueDreamCycleId,
} from '../workflows/messages.ts';
import { callTemporal } from './temporal-call.ts';
import { describeSchedule, dueTimesOf, renewSchedule, setSchedule, timingOf } from './temporal-schedule.ts';
import { cancelRunning, sameRun, startOnce, workflowState } from './temporal-workflows.ts';

type NightOptions = {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly taskQueue: string;
  readonly when: NightWhen;
  readonly settings: NightCaps & Pick<DreamCycleInput, 'mayRevise'>;
  /** How late a due run may start. */
  readonly catchUpMs?: number;
  /** The schedule's id; tests have their own. */
  readonly scheduleId?: string;
};

/** How long one call to Temporal may take. */
const callTimeoutMs = 5000;

/** The time and zone travel with the schedule, so that a changed one is told from what was kept. */
const Kept = z.object({ args: z.tuple([z.object({ when: NightWhen })]) });

/** The nightly maintenance in Temporal: a Schedule of which each due time is one `dreamCycle` workflow, and runs in between. */
export function createTemporalNight(options: NightOptions): { nightClock: NightClock; nightRuntime: NightRuntime } {
  const { connection, namespace, scheduleId = dreamCycleScheduleId } = options;
  const client = new Client({ connection, namespace });
  const call = <T>(work: () => Promise<T>) => callTemporal(connection, callTimeoutMs, work);
  const input = inputOf(options);
  const wanted = scheduleOptions(options, { ...input, when: options.when });
  const nightClock: NightClock = {
    wanted: options.when,
    catchUpMs: input.catchUpMs,
    set: () => call(() => setSchedule(client, wanted)),
    renew: () => call(() => renewSchedule(client, wanted)),
    async timing() {
      const found = await call(() => describeSchedule(client, scheduleId));
      return found && { ...timingOf(found), when: keptWhen(found) };
    },
    dueTimes: (range) => dueTimesOf(client, scheduleId, { ...range, call }),
  };
  const nightRuntime: NightRuntime = {
    start: (id) =>
      call(() =>
        startOnce(() =>
          client.workflow.start('dreamCycle', {
            workflowId: dreamCycleWorkflowId(id, scheduleId),
            ...sameRun,
            taskQueue: options.taskQueue,
            args: [{ ...input, id }],
            workflowRunTimeout: lastResortMs(input),
            staticSummary: 'Dream cycle, asked for by the owner',
          }),
        ),
      ),
    cancel: (id) => call(() => cancelRunning(client, dreamCycleWorkflowId(id, scheduleId))),
    state: (id) => call(() => workflowState(client, dreamCycleWorkflowId(id, scheduleId))),
  };
  return { nightClock, nightRuntime };
}

function inputOf({ settings, catchUpMs = nightCatchUpMs }: NightOptions): DreamCycleInput {
  return { ...settings, catchUpMs };
}

/** A run that waited for a worker as long as it may, and then for the store, is ended by the server after that. */
function lastResortMs({ catchUpMs, hardMs }: DreamCycleInput): number {
  return 2 * catchUpMs + hardMs + nightGraceMs;
}

/** A schedule that does not tell its time was made by nobody of ours; it is set anew. */
function keptWhen({ action }: ScheduleDescription): NightWhen {
  return Kept.safeParse(action).data?.args[0].when ?? { hour: -1, minute: -1, zone: '' };
}

function scheduleOptions(
  { taskQueue, when, scheduleId = dreamCycleScheduleId }: NightOptions,
  input: DreamCycleInput & { readonly when: NightWhen },
): ScheduleOptions {
  const { hour, minute, zone } = when;
  return {
    scheduleId,
    spec: { calendars: [{ hour, minute }], timezone: zone },
    action: {
      type: 'startWorkflow',
      workflowType: 'dreamCycle',
      workflowId: dueDreamCycleId(scheduleId),
      taskQueue,
      args: [input],
      workflowRunTimeout: lastResortMs(input),
      staticSummary: `Dream cycle ${describeNightWhen(when)}`,
    },
    // What overlaps is started as well, and records itself as skipped: the server would only count it.
    policies: { overlap: ScheduleOverlapPolicy.ALLOW_ALL, catchupWindow: input.catchUpMs, pauseOnFailure: false },
    memo: { what: 'nightly maintenance' },
  };
}
