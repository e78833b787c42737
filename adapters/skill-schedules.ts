import { z } from 'zod';

import { TalosError } from '../domain/errors.ts';
import { JsonValue } from '../domain/json.ts';
import type { DueRunBegin, SkillSchedules } from '../domain/skills/ports.ts';
import { DueRun, longestDueRunMs, shownDueRuns } from '../domain/skills/due-run.ts';
import {
  type KeptSchedule,
  mostSchedules,
  scheduleId,
  type ScheduleRef,
  SkillSchedule,
} from '../domain/skills/schedule.ts';
import {
  accountScript,
  beginDueRunScript,
  dueRunsScript,
  endDueRunScript,
  putScheduleScript,
  removeScheduleScript,
  rewindScript,
} from './lua/schedules.ts';
import { readAll } from './read-all.ts';
import type { RedisConnections } from './redis.ts';
import { toJson } from './stored-json.ts';

/** Due runs kept beyond those shown until it is known what came of every earlier one. */
const mostDueRuns = 2000;

const BeginReply = z.union([
  z.tuple([z.enum(['begun', 'removed'])]),
  z.tuple([z.literal('ended'), z.string()]),
  z.tuple([z.literal('overlap'), z.string()]),
]);

const Texts = z.array(z.string());

/** Schedules of skills in Redis. */
export function createSkillSchedules(redis: RedisConnections): SkillSchedules {
  return { ...createDefinitions(redis), ...createDueRuns(redis) };
}

function createDefinitions({ keys, call, run }: RedisConnections) {
  return {
    async put({ input, ...facts }) {
      const args = [
        scheduleId(facts),
        JSON.stringify(SkillSchedule.parse(facts)),
        JSON.stringify(input),
        mostSchedules,
      ];
      return (await run(putScheduleScript, { keys: [keys.schedules, keys.scheduleInputs], args })) === 1;
    },

    async get(ref) {
      const id = scheduleId(ref);
      const [facts, input] = await call((c) =>
        Promise.all([c.hget(keys.schedules, id), c.hget(keys.scheduleInputs, id)]),
      );
      return facts === null || input === null ? undefined : readKept(facts, input);
    },

    async list(skill) {
      const { items } = readAll(await call((c) => c.hgetall(keys.schedules)), readSchedule);
      const wanted = skill === undefined ? items : items.filter((schedule) => schedule.skill === skill);
      return wanted.toSorted((a, b) => (scheduleId(a) < scheduleId(b) ? -1 : 1));
    },

    async unreadable(skill) {
      const { unreadable } = readAll(await call((c) => c.hgetall(keys.schedules)), readSchedule);
      return skill === undefined ? unreadable : unreadable.filter(({ id }) => id.startsWith(`${skill}.`));
    },

    async remove(ref) {
      const places = [keys.schedules, keys.scheduleInputs, ...dueKeys(keys, ref)];
      return (await run(removeScheduleScript, { keys: places, args: [scheduleId(ref)] })) === 1;
    },
  } satisfies Partial<SkillSchedules>;
}

function createDueRuns({ keys, call, run }: RedisConnections) {
  const places = (ref: ScheduleRef) => [keys.schedules, ...dueKeys(keys, ref)];
  return {
    async begin(ref, { key, dueAt }, at): Promise<DueRunBegin> {
      const begun: DueRun = { key, dueAt, state: 'running' };
      const args = [scheduleId(ref), key, dueAt, toJson(begun), at, at + longestDueRunMs];
      const [kind, more] = BeginReply.parse(await run(beginDueRunScript, { keys: places(ref), args }));
      if (kind === 'ended') return { kind, run: read(DueRun, more) };
      return kind === 'overlap' ? { kind, running: more } : { kind };
    },

    async dueRun(ref, key) {
      const json = await call((c) => c.hget(keys.dueRuns(ref), key));
      return json === null ? undefined : read(DueRun, json);
    },

    async end(ref, dueRun) {
      const { key, dueAt } = dueRun;
      const args = [scheduleId(ref), key, dueAt, toJson(DueRun.parse(dueRun)), shownDueRuns, mostDueRuns];
      return (await run(endDueRunScript, { keys: places(ref), args })) === 1;
    },

    async dueRuns(ref) {
      const found = await run(dueRunsScript, { keys: [keys.dueTimes(ref), keys.dueRuns(ref)], args: [shownDueRuns] });
      return Texts.parse(found).map((json) => read(DueRun, json));
    },

    async accounted(ref) {
      const until = Number(await call((c) => c.hget(keys.scheduleState(ref), 'until')));
      const scores = await call((c) => c.zrangebyscore(keys.dueTimes(ref), `(${until}`, '+inf', 'WITHSCORES'));
      return { until, known: scores.filter((_, place) => place % 2 === 1).map(Number) };
    },

    async account(ref, { until, missed }) {
      const each = missed.flatMap((dueRun) => [dueRun.key, dueRun.dueAt, toJson(DueRun.parse(dueRun))]);
      const args = [scheduleId(ref), until, shownDueRuns, mostDueRuns, ...each];
      await run(accountScript, { keys: places(ref), args });
    },

    async rewind(ref, { until, now }) {
      await run(rewindScript, { keys: places(ref), args: [scheduleId(ref), until, now] });
    },
  } satisfies Partial<SkillSchedules>;
}

function dueKeys(keys: RedisConnections['keys'], ref: ScheduleRef): string[] {
  return [keys.scheduleState(ref), keys.dueTimes(ref), keys.dueRuns(ref)];
}

function readSchedule(id: string, json: string): SkillSchedule {
  try {
    return SkillSchedule.parse(JSON.parse(json));
  } catch (cause) {
    const cure = `remove it with \`talos skills unschedule ${id.replace('.', ' ')}\` and set it anew`;
    throw new TalosError('INTERNAL', `The schedule ${id} is not stored as Talos writes it; ${cure}.`, { cause });
  }
}

function readKept(facts: string, input: string): KeptSchedule {
  return { ...read(SkillSchedule, facts), input: read(JsonValue, input) };
}

function read<Schema extends z.ZodType>(schema: Schema, json: string): z.output<Schema> {
  try {
    return schema.parse(JSON.parse(json));
  } catch (cause) {
    throw new TalosError('INTERNAL', 'A schedule is not stored as Talos writes it; restore a backup.', { cause });
  }
}
