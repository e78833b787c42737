import type { Request, Response } from 'express';
import { z } from 'zod';

import { TalosError } from '../../domain/errors.ts';
import { JsonValue } from '../../domain/json.ts';
import type { SkillId } from '../../domain/skills/manifest.ts';
import {
  CronLine,
  EveryMinutes,
  nameByTimes,
  ScheduleName,
  type ScheduleRef,
  type ScheduleWhen,
  SkillSchedule,
  TimeZone,
} from '../../domain/skills/schedule.ts';
import { ScheduleView } from '../../domain/skills/schedule-view.ts';
import { Unreadable } from '../../domain/skills/unreadable.ts';
import { actorOf } from '../consent.ts';
import type { ApiDeps } from '../deps.ts';
import { parseInput } from '../problem.ts';
import { readAnyJsonBody } from '../read-body.ts';
import { problems, type Route } from '../route.ts';
import { createSchedules } from '../skill-schedules.ts';
import { createSkills } from '../skills.ts';
import { skillIn, SkillPath } from './skills.ts';

const ScheduleRequest = z
  .strictObject({
    name: ScheduleName.optional().meta({ description: 'Left out, the times are the name' }),
    cron: CronLine.optional(),
    zone: TimeZone.optional(),
    everyMinutes: EveryMinutes.optional(),
    input: JsonValue.meta({ description: 'What the input schema of the skill asks for' }),
    note: SkillSchedule.shape.note,
  })
  .superRefine(({ cron, zone, everyMinutes }, context) => {
    const refuse = (field: string, message: string) =>
      context.addIssue({ code: 'custom', path: [field], message, input: undefined });
    if ((cron === undefined) === (everyMinutes === undefined)) {
      refuse('cron', 'give either cron, such as "0 8 * * *", or everyMinutes, such as 30');
    }
    if (zone !== undefined && cron === undefined) refuse('zone', 'goes with cron; an interval knows no time of day');
  })
  .meta({ id: 'SkillScheduleRequest' });
type ScheduleRequest = z.infer<typeof ScheduleRequest>;

const ScheduleList = z
  .strictObject({
    schedules: z.array(ScheduleView),
    unreadable: z.array(Unreadable).optional().meta({ description: 'Schedules that cannot be read' }),
  })
  .meta({ id: 'ScheduleList' });

const SchedulePath = SkillPath.extend({ schedule: ScheduleName });

const view = { content: { 'application/json': { schema: ScheduleView } } };
const list = { 200: { description: 'By name', content: { 'application/json': { schema: ScheduleList } } } };
const badBody = ['VALIDATION_FAILED', 'BODY_NOT_JSON', 'BODY_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'] as const;
const unreachable = ['STORE_UNAVAILABLE', 'RUNTIME_UNAVAILABLE', 'AUDIT_UNAVAILABLE'] as const;

const operations = {
  all: {
    operationId: 'listSchedules',
    summary: 'Schedules of all skills: next times, and what came of the last ones',
    responses: { ...list, ...problems(...unreachable) },
  },
  list: {
    operationId: 'listSkillSchedules',
    summary: 'Schedules of a skill: next times, and what came of the last ones',
    requestParams: { path: SkillPath },
    responses: { ...list, ...problems('VALIDATION_FAILED', 'NOT_FOUND', ...unreachable) },
  },
  create: {
    operationId: 'scheduleSkill',
    summary: 'Run a skill at certain times with a certain input',
    description: 'A schedule of the same name is changed; the same request again changes nothing.',
    requestParams: { path: SkillPath },
    requestBody: { required: true, content: { 'application/json': { schema: ScheduleRequest } } },
    responses: {
      200: { description: 'It was there, and is like this now', ...view },
      201: { description: 'It is new', ...view },
      ...problems(
        ...badBody,
        'NOT_FOUND',
        'SKILL_NOT_READY',
        'SKILL_CHANGED',
        'LOCKDOWN',
        'STORE_FULL',
        ...unreachable,
      ),
    },
  },
  show: {
    operationId: 'getSchedule',
    summary: 'One schedule with its input',
    requestParams: { path: SchedulePath },
    responses: {
      200: { description: 'The schedule', ...view },
      ...problems('VALIDATION_FAILED', 'NOT_FOUND', ...unreachable),
    },
  },
  remove: {
    operationId: 'unscheduleSkill',
    summary: 'Remove a schedule and what is known of its due runs; a run that goes on ends by itself',
    requestParams: { path: SchedulePath },
    responses: {
      204: { description: 'It is removed' },
      ...problems('VALIDATION_FAILED', 'NOT_FOUND', ...unreachable),
    },
  },
  pause: {
    operationId: 'pauseSchedule',
    summary: 'Let nothing come of a schedule until it is resumed',
    requestParams: { path: SchedulePath },
    responses: {
      200: { description: 'It is paused', ...view },
      ...problems('VALIDATION_FAILED', 'NOT_FOUND', 'STORE_FULL', ...unreachable),
    },
  },
  resume: {
    operationId: 'resumeSchedule',
    summary: 'Let a paused schedule come due again, from now on',
    requestParams: { path: SchedulePath },
    responses: {
      200: { description: 'It comes due', ...view },
      ...problems('VALIDATION_FAILED', 'NOT_FOUND', 'LOCKDOWN', 'STORE_FULL', ...unreachable),
    },
  },
} satisfies Record<string, Route['operation']>;

/** Schedules of skills: make, list, look at, pause, resume, remove. */
export function scheduleRoutes(deps: ApiDeps): Route[] {
  const schedules = createSchedules(deps);
  return [...manyRoutes(deps, schedules), ...oneRoutes(deps, schedules)];
}

type Schedules = ReturnType<typeof createSchedules>;

function manyRoutes(deps: ApiDeps, schedules: Schedules): Route[] {
  const skills = createSkills(deps);
  return [
    {
      method: 'get',
      path: '/schedules',
      operation: operations.all,
      async handle(_request, response) {
        response.json(await schedules.list());
      },
    },
    {
      method: 'get',
      path: '/skills/:id/schedules',
      operation: operations.list,
      async handle(request, response) {
        const skill = skillIn(request);
        const found = await schedules.list(skill);
        if (found.schedules.length === 0) await skills.life(skill);
        response.json(found);
      },
    },
    {
      method: 'post',
      path: '/skills/:id/schedules',
      operation: operations.create,
      async handle(request, response) {
        const wanted = await wantedSchedule(deps, request, response);
        const created = await schedules.create(wanted, actorOf(request, deps));
        const place = `/skills/${wanted.skill}/schedules/${wanted.name}`;
        response.status(created.isNew ? 201 : 200).set('Location', place);
        response.json(created.view);
      },
    },
  ];
}

function oneRoutes(deps: ApiDeps, schedules: Schedules): Route[] {
  const path = '/skills/:id/schedules/:schedule';
  return [
    {
      method: 'get',
      path,
      operation: operations.show,
      async handle(request, response) {
        const { input, ...schedule } = await schedules.kept(scheduleIn(request));
        response.json({ ...(await schedules.view(schedule)), input });
      },
    },
    {
      method: 'delete',
      path,
      operation: operations.remove,
      async handle(request, response) {
        await schedules.remove(scheduleIn(request), actorOf(request, deps));
        response.status(204).end();
      },
    },
    {
      method: 'post',
      path: `${path}/pause`,
      operation: operations.pause,
      async handle(request, response) {
        response.json(await schedules.pause(scheduleIn(request), actorOf(request, deps)));
      },
    },
    {
      method: 'post',
      path: `${path}/resume`,
      operation: operations.resume,
      async handle(request, response) {
        response.json(await schedules.resume(scheduleIn(request), actorOf(request, deps)));
      },
    },
  ];
}

function scheduleIn(request: Request): ScheduleRef {
  return { skill: skillIn(request), name: parseInput(ScheduleName, request.params['schedule'], 'schedule') };
}

async function wantedSchedule(deps: Pick<ApiDeps, 'schedules'>, request: Request, response: Response) {
  const skill = skillIn(request);
  const { name, input, note, ...times } = parseInput(ScheduleRequest, await readAnyJsonBody(request, response), 'body');
  const when = whenOf(times);
  return { skill, name: name ?? (await freeName(deps, skill, when)), when, input, note };
}

/** A schedule without a name is named by its times. Fails where they make none, or that of a schedule in another zone. */
async function freeName(
  { schedules }: Pick<ApiDeps, 'schedules'>,
  skill: SkillId,
  when: ScheduleWhen,
): Promise<ScheduleName> {
  const name = ScheduleName.safeParse(nameByTimes(when));
  if (!name.success) throw unnamed('give one: these times are too long to be one');
  const there = (await schedules.get({ skill, name: name.data }))?.when;
  const zone = there !== undefined && 'zone' in there ? there.zone : undefined;
  if (zone === undefined || ('zone' in when && when.zone === zone)) return name.data;
  throw unnamed(`give one: ${name.data} is the schedule of these times in ${zone}; with its name this would change it`);
}

function unnamed(problem: string): TalosError {
  return new TalosError('VALIDATION_FAILED', `name: ${problem}.`, { details: { field: 'name' } });
}

/** The times of a checked request. */
function whenOf({ cron, zone, everyMinutes }: Pick<ScheduleRequest, 'cron' | 'zone' | 'everyMinutes'>): ScheduleWhen {
  if (cron === undefined) return { everyMinutes: everyMinutes ?? 1 };
  return { cron, zone: zone ?? new Intl.DateTimeFormat('en').resolvedOptions().timeZone };
}
