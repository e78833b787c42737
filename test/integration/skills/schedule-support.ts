import { setInterval } from 'node:timers/promises';

import { Client, type ScheduleHandle } from '@temporalio/client';

import { createSchedules } from '../../../api/skill-schedules.ts';
import type { JsonValue } from '../../../domain/json.ts';
import type { DueRun } from '../../../domain/skills/due-run.ts';
import type { ScheduleWhen } from '../../../domain/skills/schedule.ts';
import { skillScheduleId } from '../../../workflows/messages.ts';
import type { startTalos } from '../../support/talos.ts';

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

async function until(limitMs: number, isSo: () => Promise<boolean>): Promise<void> {
  const signal = AbortSignal.timeout(limitMs);
  for await (const _ of setInterval(20, undefined, { signal })) if (await isSo()) break;
}
