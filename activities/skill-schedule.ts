import { TalosError } from '../domain/errors.ts';
import type { JsonValue } from '../domain/json.ts';
import type { SkillPorts } from '../domain/skills/ports.ts';
import type { DueRun, DueRunEnd, SkipReason } from '../domain/skills/due-run.ts';
import { keepSchedule } from '../domain/skills/keep-schedule.ts';
import { runId, type RunKey, type SkillRunRef } from '../domain/skills/run.ts';
import { dueRunKey, type KeptSchedule, type ScheduleRef } from '../domain/skills/schedule.ts';
import { type SkillDeps, skillParts } from './skill-parts.ts';

/** A time at which a schedule was due; what starts later than `catchUpMs` after it is missed. */
export type DueOrder = ScheduleRef & { readonly dueAt: number; readonly catchUpMs: number };

/** Whether there is something to run, and under which key. */
export type DueRunStart =
  | { readonly kind: 'run'; readonly key: RunKey }
  | { readonly kind: 'ended'; readonly end: DueRunEnd };

/** Nothing was run, and why. */
type Skip = { readonly reason: SkipReason; readonly detail?: string };

/** As much of a detail as a record holds. */
const longestDetail = 500;

/** Steps of a due run. */
export function createSkillScheduleActivities(deps: SkillDeps) {
  return {
    /** Accepts the run that is due, or records why there is none. Repeating it finds what was begun, under the same key. */
    async beginDueRun(due: DueOrder): Promise<DueRunStart> {
      const parts = skillParts(deps);
      const ref = { skill: due.skill, key: dueRunKey(due.name, due.dueAt) };
      const schedule = await parts.schedules.get(due);
      if (schedule === undefined) return skip(deps, due, { reason: 'schedule-removed' });
      const known = await parts.schedules.dueRun(due, ref.key);
      if (known !== undefined && known.state !== 'running') return ended(known);
      const refusal = known === undefined ? await refusalOf(deps, due, schedule) : undefined;
      if (refusal !== undefined) return skip(deps, due, refusal);
      const begun = await parts.schedules.begin(due, { key: ref.key, dueAt: due.dueAt }, deps.now());
      if (begun.kind === 'ended') return ended(begun.run);
      if (begun.kind === 'removed') return skip(deps, due, { reason: 'schedule-removed' });
      if (begun.kind === 'overlap') return skip(deps, due, { reason: 'overlap', detail: begun.running });
      await acceptRun(deps, ref, schedule);
      return { kind: 'run', key: ref.key };
    },

    /** Records how a due run ended. */
    async endDueRun({ skill, name, dueAt }: DueOrder, end: DueRunEnd): Promise<void> {
      const { schedules } = skillParts(deps);
      await schedules.end({ skill, name }, { ...end, key: dueRunKey(name, dueAt), dueAt, endedAt: deps.now() });
    },

    /** Records the due times before this one that nobody began; a schedule that was removed comes due no more. */
    async keepSkillSchedule({ skill, name, catchUpMs }: ScheduleRef & { readonly catchUpMs: number }): Promise<void> {
      const { schedules, scheduleClock } = skillParts(deps);
      const ref = { skill, name };
      if ((await schedules.get(ref)) === undefined) await scheduleClock.remove(ref);
      const schedule = await schedules.get(ref); // it may have been made anew meanwhile
      if (schedule === undefined) return;
      await keepSchedule({ schedules, scheduleClock, audit: deps.audit, now: () => deps.now() }, schedule, catchUpMs);
    },
  };
}

function ended({ state, reason }: DueRun): DueRunStart {
  if (state === 'running') throw new TalosError('INTERNAL', 'A due run that goes on was taken for one that has ended.');
  return { kind: 'ended', end: { state, ...(reason !== undefined && { reason }) } };
}

/** What keeps a schedule from running now; the run itself checks everything once more. */
async function refusalOf(deps: SkillDeps, due: DueOrder, { input }: KeptSchedule): Promise<Skip | undefined> {
  if (deps.now() - due.dueAt > due.catchUpMs) return { reason: 'missed' };
  const { locked } = await deps.lockdown.state();
  if (locked) return { reason: 'lockdown' };
  const parts = skillParts(deps);
  const active = (await parts.catalog.get(due.skill))?.active;
  if (active === undefined) return { reason: 'skill-not-active' };
  const problem = await misfit(parts, { id: due.skill, hash: active.hash }, input);
  return problem === undefined ? undefined : { reason: 'input-unfit', detail: problem.slice(0, longestDetail) };
}

/** What of the input the active version does not take. Files that changed are told by the run. */
async function misfit(
  { skills, skillRules }: SkillPorts,
  { id, hash }: { id: string; hash: string },
  input: JsonValue,
): Promise<string | undefined> {
  try {
    const fits = skillRules.checkInput(await skills.load(id, hash), input);
    return fits.pass ? undefined : fits.reason;
  } catch (thrown) {
    if (thrown instanceof TalosError && ['NOT_FOUND', 'SKILL_CHANGED'].includes(thrown.code)) return undefined;
    throw thrown;
  }
}

/** Records a skip, audited first. */
async function skip(deps: SkillDeps, { skill, name, dueAt }: DueOrder, { reason, detail }: Skip): Promise<DueRunStart> {
  const key = dueRunKey(name, dueAt);
  const details = { state: 'skipped', reason, schedule: name };
  await deps.audit.append({ type: 'skill-run', actor: 'talos', subject: runId({ skill, key }), details });
  const end = { state: 'skipped', reason } as const;
  const record = { ...end, key, dueAt, endedAt: deps.now(), ...(detail !== undefined && { detail }) };
  await skillParts(deps).schedules.end({ skill, name }, record);
  return { kind: 'ended', end };
}

/** A run of this key that is there already is the same one. */
async function acceptRun(deps: SkillDeps, ref: SkillRunRef, { input, inputHash }: KeptSchedule): Promise<void> {
  await skillParts(deps).skillRuns.accept({ ...ref, input, inputHash, inputBy: 'schedule', createdAt: deps.now() });
}
