import { setInterval } from 'node:timers/promises';

import { Client, type ScheduleHandle } from '@temporalio/client';

import { createSchedules } from '../../../api/skill-schedules.ts';
import type { JsonValue } from '../../../domain/json.ts';
import type { SandboxReport, SandboxRequest } from '../../../domain/sandbox/run.ts';
import type { DueRun } from '../../../domain/skills/due-run.ts';
import type { ScheduleWhen } from '../../../domain/skills/schedule.ts';
import { skillScheduleId } from '../../../workflows/messages.ts';
import type { TestStack } from '../../support/stack.ts';
import { startTalos } from '../../support/talos.ts';
import { skillDriver } from './support.ts';

type Talos = Awaited<ReturnType<typeof startTalos>>;

/** A time nobody waits for: what comes of a schedule comes by a trigger. */
export const rarely: ScheduleWhen = { cron: '0 0 29 2 *', zone: 'UTC' };

/** Drives one schedule of a skill as the API does. */
export function scheduleDriver(talos: Talos, skill: string, now: () => number = Date.now) {
  const { ports, skills, scheduleClock, connection } = talos;
  const ref = { skill, name: 'morning' };
  const client = new Client({ connection, namespace: 'talos' });
  const handle: ScheduleHandle = client.schedule.getHandle(skillScheduleId(ref));
  const { checkInput } = skills.skillRules;
  const api = createSchedules({ ...ports, ...skills, scheduleClock, checkInput, now });
  const dueRuns = (): Promise<DueRun[]> => skills.schedules.dueRuns(ref);
  return {
    ref,
    client,
    handle,
    api,
    dueRuns,
    look: async () => api.view(await api.kept(ref)),
    create: (when: ScheduleWhen = rarely, input: JsonValue = 21) => api.create({ ...ref, when, input }, 'owner'),

    /** Makes it due now; the due time is the second this falls into. */
    trigger: () => handle.trigger(),

    /** Cancels the due run that was begun last, as by hand. */
    async cancelRunning(): Promise<void> {
      let workflowId = '';
      await until(5000, async () => {
        const { recentActions } = (await handle.describe()).info;
        workflowId = recentActions.at(-1)?.action.workflow.workflowId ?? '';
        return workflowId !== '';
      });
      await client.workflow.getHandle(workflowId).cancel();
    },

    /** The due runs that have ended, newest first, once there are so many. */
    async ended(count = 1): Promise<DueRun[]> {
      let over: DueRun[] = [];
      await until(20_000, async () => {
        over = (await dueRuns()).filter(({ state }) => state !== 'running');
        return over.length >= count;
      });
      return over;
    },

    /** From then on the time is another second than any before. */
    async nextSecond(): Promise<void> {
      const second = Math.floor(Date.now() / 1000);
      await until(2000, async () => Math.floor(Date.now() / 1000) > second);
    },
  };
}

const roles = ['core', 'gpu', 'sandbox'] as const;

/** A Talos with an active skill and, once it is created, a schedule of it. Close it. */
export async function startScheduled(stack: TestStack, options: Parameters<typeof startTalos>[1] = {}) {
  const talos = await startTalos(stack, options);
  const { sandbox, skillRuns } = talos.skills;
  let stops: (() => Promise<void>)[] = [];
  const serve = async () => {
    stops = await Promise.all(roles.map((role) => talos.serve(role)));
  };
  await serve();
  const skill = skillDriver(talos);
  const { hash } = await skill.activate();
  const tested = sandbox.requests().length;
  const schedule = scheduleDriver(talos, skill.id);
  return {
    talos,
    skill,
    hash,
    schedule,
    serve,
    stop: () => Promise.all(stops.map((stop) => stop())),

    /** How many runs have begun since quarantine. */
    runs: () => sandbox.requests().length - tested,
    runOf: (id: string, key: string) => skillRuns.run({ skill: id, key }),

    /** The reasons of due runs in the audit log. */
    audited: () => talos.ports.audited.events().map(({ details }) => details?.['reason']),

    /** Runs from now on go on until they are let go, or stopped. */
    hold() {
      const begun = Promise.withResolvers<SandboxRequest>();
      const go = Promise.withResolvers<Partial<SandboxReport> | undefined>();
      sandbox.follow(async (request, signal) => {
        begun.resolve(request);
        const stopped = new Promise<never>((_resolve, reject) =>
          signal.addEventListener('abort', () => reject(new Error('stopped'))),
        );
        return Promise.race([go.promise, stopped]);
      });
      return { begun: begun.promise, letGo: () => go.resolve(undefined) };
    },

    async close(): Promise<void> {
      await talos.scheduleClock.remove(schedule.ref);
      await talos.close();
    },
  };
}

async function until(limitMs: number, isSo: () => Promise<boolean>): Promise<void> {
  const signal = AbortSignal.timeout(limitMs);
  for await (const _ of setInterval(20, undefined, { signal })) if (await isSo()) break;
}
