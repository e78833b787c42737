import { Client, type ScheduleHandle } from '@temporalio/client';
import { expect } from 'vitest';

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

    /** The due runs once so many have ended, newest first. */
    async ended(count = 1): Promise<DueRun[]> {
      const over = async () => (await dueRuns()).filter(({ state }) => state !== 'running');
      await expect.poll(async () => (await over()).length, { timeout: 20_000 }).toBeGreaterThanOrEqual(count);
      return over();
    },

    /** The next due time is another second than any before. */
    async nextSecond(): Promise<void> {
      const second = Math.floor(Date.now() / 1000);
      await expect.poll(() => Math.floor(Date.now() / 1000), { interval: 20, timeout: 2000 }).toBeGreaterThan(second);
    },
  };
}
