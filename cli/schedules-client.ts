import { z } from 'zod';

import type { JsonValue } from '../domain/json.ts';
import type { SkillId } from '../domain/skills/manifest.ts';
import { ScheduleView } from '../domain/skills/schedule-view.ts';
import { checkSkillId } from '../domain/skills/skill-name.ts';
import { Unreadable } from '../domain/skills/unreadable.ts';
import { createApiSocket, pathPart } from './api-socket.ts';

const ScheduleList = z.object({ schedules: z.array(ScheduleView), unreadable: z.array(Unreadable).optional() });

/** A schedule as it is asked for; the API checks it. */
export type WantedSchedule = {
  readonly name?: string;
  readonly cron?: string;
  readonly zone?: string;
  readonly everyMinutes?: number;
  readonly note?: string;
  readonly input: JsonValue;
};

/** The part of the API about schedules of skills, behind a socket path. An id that no skill can have fails with VALIDATION_FAILED. */
export function createSchedulesClient(socketPath: string) {
  const api = createApiSocket(socketPath);
  const pathOf = (id: SkillId) => `/skills/${checkSkillId(id)}/schedules`;
  return {
    set: (id: SkillId, wanted: WantedSchedule): Promise<ScheduleView> =>
      api.json({ method: 'POST', path: pathOf(id), body: wanted }, ScheduleView),

    /** Of one skill, or of all. */
    list(id?: SkillId) {
      const path = id === undefined ? '/schedules' : pathOf(id);
      return api.json({ method: 'GET', path }, ScheduleList);
    },

    pause: (id: SkillId, name: string): Promise<ScheduleView> =>
      api.json({ method: 'POST', path: `${pathOf(id)}/${pathPart(name)}/pause` }, ScheduleView),

    resume: (id: SkillId, name: string): Promise<ScheduleView> =>
      api.json({ method: 'POST', path: `${pathOf(id)}/${pathPart(name)}/resume` }, ScheduleView),

    async remove(id: SkillId, name: string): Promise<void> {
      const response = await api.call({ method: 'DELETE', path: `${pathOf(id)}/${pathPart(name)}` });
      response.resume();
    },
  };
}
