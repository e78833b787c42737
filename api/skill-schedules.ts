import { canonicalJson } from '../domain/canonical-json.ts';
import { TalosError, toTalosError } from '../domain/errors.ts';
import type { JsonValue } from '../domain/json.ts';
import { refuseWhenLocked } from '../domain/lockdown/refuse.ts';
import { whyDueRun } from '../domain/skills/due-run.ts';
import { keepSchedule } from '../domain/skills/keep-schedule.ts';
import type { SkillId } from '../domain/skills/manifest.ts';
import {
  catchUpMs,
  type KeptSchedule,
  mostSchedules,
  scheduleId,
  type ScheduleRef,
  type ScheduleWhen,
  type SkillSchedule,
} from '../domain/skills/schedule.ts';
import type { ScheduleView } from '../domain/skills/schedule-view.ts';
import type { Unreadable } from '../domain/skills/unreadable.ts';
import type { ApiDeps } from './deps.ts';

type Deps = Pick<
  ApiDeps,
  'skills' | 'catalog' | 'checkInput' | 'schedules' | 'scheduleClock' | 'lockdown' | 'audit' | 'hashText' | 'now'
>;

/** A schedule somebody asks for. */
type WantedSchedule = ScheduleRef & {
  readonly when: ScheduleWhen;
  readonly input: JsonValue;
  readonly note?: string | undefined;
};

type Change = 'set' | 'removed' | 'paused' | 'resumed';

/** What the API does with schedules of skills. */
export function createSchedules(deps: Deps) {
  const { schedules, scheduleClock, lockdown } = deps;
  const kept = (ref: ScheduleRef) => keptSchedule(deps, ref);
  const view = (schedule: SkillSchedule) => viewSchedule(deps, schedule);

  async function setPaused(ref: ScheduleRef, paused: boolean, by: string): Promise<ScheduleView> {
    const before = await kept(ref);
    const timing = await keepSchedule(deps, before, catchUpMs);
    if (timing.paused !== paused) {
      await audit(deps, before, { change: paused ? 'paused' : 'resumed', by });
      await setSchedule(deps, { ...before, paused, since: deps.now() }, before);
    }
    return view(withoutInput(await kept(ref)));
  }

  return {
    kept,
    view,

    /** By skill and name. One that cannot be read keeps no other from being told. */
    async list(skill?: SkillId): Promise<{ schedules: ScheduleView[]; unreadable?: Unreadable[] }> {
      const views: ScheduleView[] = [];
      const unreadable = await schedules.unreadable(skill);
      for (const schedule of await schedules.list(skill)) {
        const found = await view(schedule).catch((thrown: unknown) => unreadableView(schedule, thrown));
        if ('problem' in found) unreadable.push(found);
        else views.push(found);
      }
      return { schedules: views, ...(unreadable.length > 0 && { unreadable }) };
    },

    /** Makes a schedule, or changes the one of this name; the same again is the same. Tells whether it is new. */
    async create(wanted: WantedSchedule, by: string): Promise<{ isNew: boolean; view: ScheduleView }> {
      await refuseWhenLocked(lockdown);
      await checkFit(deps, wanted);
      const before = await schedules.get(wanted);
      const timing = before && (await keepSchedule(deps, before, catchUpMs));
      const schedule = { ...changed(wanted, before, deps), paused: timing?.paused ?? false };
      await audit(deps, schedule, { change: 'set', by });
      await setSchedule(deps, schedule, before);
      return { isNew: before === undefined, view: await view(withoutInput(schedule)) };
    },

    async remove(ref: ScheduleRef, by: string): Promise<void> {
      await audit(deps, await removable(deps, ref), { change: 'removed', by });
      await scheduleClock.remove(ref);
      await schedules.remove(ref);
    },

    pause: (ref: ScheduleRef, by: string) => setPaused(ref, true, by),

    /** What was due while it was paused is not made up for. */
    async resume(ref: ScheduleRef, by: string): Promise<ScheduleView> {
      await refuseWhenLocked(lockdown);
      return setPaused(ref, false, by);
    },
  };
}

async function keptSchedule({ schedules }: Deps, ref: ScheduleRef): Promise<KeptSchedule> {
  const found = await schedules.get(ref);
  if (found !== undefined) return found;
  throw new TalosError(
    'NOT_FOUND',
    `Skill ${ref.skill} has no schedule ${ref.name}; \`talos skills schedules\` lists what there is.`,
  );
}

/** What is audited of a schedule that goes; one that cannot be read goes as well. */
async function removable(deps: Deps, ref: ScheduleRef): Promise<Pick<SkillSchedule, 'skill' | 'name' | 'inputHash'>> {
  try {
    return await keptSchedule(deps, ref);
  } catch (thrown) {
    if (toTalosError(thrown).code !== 'INTERNAL') throw thrown;
    return { ...ref, inputHash: 'unreadable' };
  }
}

/** What comes of a store that is away concerns all schedules, what is kept wrongly concerns one. */
function unreadableView(schedule: SkillSchedule, thrown: unknown): Unreadable {
  const { code, message } = toTalosError(thrown);
  if (code !== 'INTERNAL') throw thrown;
  return { id: scheduleId(schedule), problem: message };
}

async function viewSchedule(deps: Deps, schedule: SkillSchedule): Promise<ScheduleView> {
  const { paused, next } = await keepSchedule(deps, schedule, catchUpMs);
  const dueRuns = (await deps.schedules.dueRuns(schedule)).map((run) => {
    const why = whyDueRun(run);
    return { ...run, ...(why !== undefined && { why }) };
  });
  return { ...schedule, paused, next: paused ? [] : [...next], dueRuns };
}

/** Keeps a schedule and has it come due; where that fails everything is as before. */
async function setSchedule(
  { schedules, scheduleClock }: Deps,
  schedule: KeptSchedule,
  before: KeptSchedule | undefined,
): Promise<void> {
  if (!(await schedules.put(schedule))) {
    throw new TalosError(
      'VALIDATION_FAILED',
      `There are ${mostSchedules} schedules, the most there can be; remove one with \`talos skills unschedule\`.`,
      { details: { field: 'name' } },
    );
  }
  try {
    await scheduleClock.set(schedule);
  } catch (thrown) {
    if (before === undefined) await schedules.remove(schedule);
    else await schedules.put(before);
    throw thrown;
  }
}

/** Inputs may be large and are shown on request only. */
function withoutInput({ input: _input, ...schedule }: KeptSchedule): SkillSchedule {
  return schedule;
}

/** A schedule that keeps its times keeps what is known of them. */
function changed(
  wanted: WantedSchedule,
  before: KeptSchedule | undefined,
  { hashText, now }: Deps,
): Omit<KeptSchedule, 'paused'> {
  const { skill, name, when, input, note } = wanted;
  const at = now();
  const isSame = before !== undefined && JSON.stringify(before.when) === JSON.stringify(when);
  return {
    skill,
    name,
    when,
    input,
    inputHash: hashText(canonicalJson(input)),
    createdAt: before?.createdAt ?? at,
    since: isSame ? before.since : at,
    ...(note !== undefined && note !== '' && { note }),
  };
}

/** Fails unless the active version takes the input. */
async function checkFit({ catalog, skills, checkInput }: Deps, { skill, input }: WantedSchedule): Promise<void> {
  const life = await catalog.get(skill);
  if (life === undefined) {
    throw new TalosError('NOT_FOUND', `There is no skill ${skill}; \`talos skills ls\` lists what there is.`);
  }
  if (life.active === undefined) {
    throw new TalosError('SKILL_NOT_READY', `Skill ${skill} has no active version; \`talos skills show\` says why.`);
  }
  const fits = checkInput(await skills.load(skill, life.active.hash), input);
  if (fits.pass) return;
  throw new TalosError('VALIDATION_FAILED', `The input does not fit the input schema of ${skill}: ${fits.reason}`, {
    details: { field: 'input' },
  });
}

async function audit(
  { audit: log }: Deps,
  schedule: Pick<SkillSchedule, 'skill' | 'name' | 'inputHash'>,
  { change, by }: { change: Change; by: string },
) {
  const details = { change, inputHash: schedule.inputHash };
  await log.append({ type: 'skill-schedule-changed', actor: by, subject: scheduleId(schedule), details });
}
