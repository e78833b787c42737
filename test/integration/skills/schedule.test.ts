import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { afterEach, describe, expect, inject, it } from 'vitest';

import { TalosError } from '../../../domain/errors.ts';
import type { SandboxReport, SandboxRequest } from '../../../domain/sandbox/run.ts';
import { dueRunKey } from '../../../domain/skills/schedule.ts';
import { skillRunDueWorkflowId, skillRunWorkflowId } from '../../../workflows/messages.ts';
import { createSkillTwins } from '../../support/skill-twins.ts';
import { startTalos } from '../../support/talos.ts';
import { rarely, scheduleDriver } from './schedule-support.ts';
import { skillDriver } from './support.ts';

type Talos = Awaited<ReturnType<typeof startTalos>>;
const roles = ['core', 'gpu', 'sandbox'] as const;

describe('a scheduled skill', () => {
  let talos: Talos;
  let cleanUp: () => Promise<void>;
  afterEach(async () => {
    await cleanUp();
    await talos.close();
  });

  async function scheduled(options: Parameters<typeof startTalos>[1] = {}) {
    talos = await startTalos(inject('stack'), options);
    const stops = await Promise.all(roles.map((role) => talos.serve(role)));
    const skill = skillDriver(talos);
    const { hash } = await skill.activate();
    const schedule = scheduleDriver(talos, skill.id);
    cleanUp = () => talos.scheduleClock.remove(schedule.ref);
    return { skill, hash, schedule, stop: () => Promise.all(stops.map((stop) => stop())) };
  }
  const runs = () => talos.skills.sandbox.requests().length - 3; // those of quarantine
  const runOf = (skill: string, key: string) => talos.skills.skillRuns.run({ skill, key });
  const audited = () =>
    talos.ports.audited
      .events()
      .filter(({ type }) => type === 'skill-run')
      .map(({ details }) => details?.['reason']);

  /** Runs from now on go on until they are let go, or stopped. */
  function hold() {
    const begun = Promise.withResolvers<SandboxRequest>();
    const go = Promise.withResolvers<Partial<SandboxReport> | undefined>();
    talos.skills.sandbox.follow(async (request, signal) => {
      begun.resolve(request);
      const stopped = new Promise<never>((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(new Error('stopped'))),
      );
      return Promise.race([go.promise, stopped]);
    });
    return { begun: begun.promise, letGo: () => go.resolve(undefined) };
  }

  it('runs when it is due, on the input of the schedule, after everything somebody waits for', async () => {
    const { skill, schedule } = await scheduled();
    await schedule.create();
    await schedule.trigger();
    const [{ key, ...run } = never()] = await schedule.ended();
    expect({ key, ...run }).toMatchObject({ state: 'ran', key: dueRunKey('morning', run.dueAt) });
    const record = await runOf(skill.id, key);
    expect(record).toMatchObject({ state: 'ok', inputBy: 'schedule', input: 21, output: 42 });
    const child = schedule.client.workflow.getHandle(skillRunWorkflowId({ skill: skill.id, key }));
    const { raw, parentExecution } = await child.describe();
    expect(parentExecution?.workflowId).toContain(skillRunDueWorkflowId(schedule.ref));
    expect(raw.workflowExecutionInfo?.searchAttributes?.indexedFields).toHaveProperty('TalosSkillId');
    const history = historyToJSON(await child.fetchHistory());
    expect(history).toMatch(/"priorityKey":\s*5/);
  });

  it('comes due by itself, each time as a run of its own', async () => {
    const { skill, schedule } = await scheduled();
    await schedule.create({ everyMinutes: 1 });
    await schedule.handle.update((before) => ({ ...before, spec: { intervals: [{ every: '1 second' }] } }));
    const ended = await schedule.ended(3);
    await talos.scheduleClock.remove(schedule.ref);
    expect(new Set(ended.map(({ key }) => key)).size).toBe(ended.length);
    for (const { state, key } of ended) {
      expect({ state, run: (await runOf(skill.id, key))?.state }).toEqual({ state: 'ran', run: 'ok' });
    }
  });

  it('that is due twice at once runs once at a time, and nothing of it vanishes', async () => {
    const { schedule } = await scheduled();
    await schedule.create();
    const { begun, letGo } = hold();
    await Promise.all([schedule.trigger(), schedule.trigger()]);
    await begun;
    await schedule.nextSecond();
    await schedule.trigger();
    const [skipped] = await schedule.ended();
    expect(skipped).toMatchObject({ state: 'skipped', reason: 'overlap' });
    expect(runs()).toBe(1);
    letGo();
    await expect.poll(async () => (await schedule.dueRuns()).some(({ state }) => state === 'ran')).toBe(true);
    expect(audited()).toContain('overlap');
    await schedule.nextSecond();
    await schedule.trigger();
    await expect.poll(async () => (await schedule.dueRuns())[0]?.state).toBe('ran');
  });

  it('is skipped while Talos is locked down, and runs again after', async () => {
    const { schedule } = await scheduled();
    await schedule.create();
    await talos.ports.lockdown.lock({ reason: 'test', by: 'owner', at: 1 });
    await schedule.trigger();
    expect(await schedule.ended()).toMatchObject([{ state: 'skipped', reason: 'lockdown' }]);
    expect(audited()).toContain('lockdown');
    await expect(schedule.create()).rejects.toMatchObject({ code: 'LOCKDOWN' });
    await talos.ports.lockdown.unlock();
    await schedule.nextSecond();
    await schedule.trigger();
    expect(await schedule.ended(2)).toMatchObject([{ state: 'ran' }, { state: 'skipped' }]);
  });

  it('whose run a lockdown stops has failed', async () => {
    const { schedule } = await scheduled();
    await schedule.create();
    const { begun } = hold();
    await schedule.trigger();
    await begun;
    await talos.ports.lockdown.lock({ reason: 'test', by: 'owner', at: 1 });
    await talos.ports.runtime.cancelMessages();
    expect(await schedule.ended()).toMatchObject([{ state: 'failed' }]);
  });

  it('is skipped while no version is active; the schedule stays', async () => {
    const { skill, schedule } = await scheduled();
    await schedule.create();
    await talos.skillRuntime.deprecate({ id: skill.id, by: 'owner', reason: 'test' });
    await schedule.trigger();
    expect(await schedule.ended()).toMatchObject([{ state: 'skipped', reason: 'skill-not-active' }]);
    expect((await schedule.look()).next).toHaveLength(3);
    await expect(schedule.create()).rejects.toMatchObject({ code: 'SKILL_NOT_READY' });
  });

  it('is skipped when a newer version no longer takes its input', async () => {
    let takes = true;
    const checkInput = () => (takes ? ({ pass: true } as const) : ({ pass: false, reason: 'rows: is gone' } as const));
    const { schedule } = await scheduled({ skills: createSkillTwins({ checkInput }) });
    await schedule.create();
    takes = false;
    await schedule.trigger();
    expect(await schedule.ended()).toMatchObject([
      { state: 'skipped', reason: 'input-unfit', detail: 'rows: is gone' },
    ]);
    expect(runs()).toBe(0);
    await expect(schedule.create()).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
  });

  it('tells a fault of the skill, which is a strike', async () => {
    const { skill, schedule } = await scheduled();
    await schedule.create();
    talos.skills.sandbox.follow(async () => ({ verdict: 'timeout' }));
    await schedule.trigger();
    expect(await schedule.ended()).toMatchObject([{ state: 'failed', reason: 'timeout' }]);
    await expect.poll(async () => (await skill.life()).active?.strikes.length).toBe(1);
  });

  it('tells that files were changed', async () => {
    const { hash, schedule } = await scheduled();
    await schedule.create();
    talos.skills.skills.tamper(hash);
    await schedule.trigger();
    expect(await schedule.ended()).toMatchObject([{ state: 'failed', reason: 'SKILL_CHANGED' }]);
  });

  it('is one run although the store fails, and answers are lost', async () => {
    const { skill, schedule } = await scheduled();
    await schedule.create();
    const { schedules, skillRuns } = talos.skills;
    const lost = new TalosError('STORE_UNAVAILABLE', 'the answer was lost');
    const [sound, soundRuns] = [{ ...schedules }, { ...skillRuns }];
    const faults = { begin: 2, accept: 2, end: 2 };
    const faulty = async <T>(step: keyof typeof faults, work: () => Promise<T>): Promise<T> => {
      if (faults[step] === 2) await work();
      if (faults[step] > 0) {
        faults[step] -= 1;
        throw lost;
      }
      return work();
    };
    schedules.begin = (...all) => faulty('begin', () => sound.begin(...all));
    schedules.end = (...all) => faulty('end', () => sound.end(...all));
    skillRuns.accept = (...all) => faulty('accept', () => soundRuns.accept(...all));
    await schedule.trigger();
    const [{ key, state } = never()] = await schedule.ended();
    await expect.poll(() => faults, { timeout: 10_000 }).toEqual({ begin: 0, accept: 0, end: 0 });
    expect({ state, run: (await runOf(skill.id, key))?.state }).toEqual({ state: 'ran', run: 'ok' });
    expect(runs()).toBe(1);
    expect(await schedule.dueRuns()).toHaveLength(1);
  });

  it('is the same run when every worker stops in the middle of it', async () => {
    const { skill, schedule, stop } = await scheduled();
    await schedule.create();
    const { begun } = hold();
    await schedule.trigger();
    await begun;
    await stop();
    talos.skills.sandbox.follow(async () => undefined);
    await Promise.all(roles.map((role) => talos.serve(role)));
    const ended = await schedule.ended();
    expect(ended).toMatchObject([{ state: 'ran' }]);
    const kept = await talos.skills.skillRuns.list(skill.id, { limit: 9, offset: 0, failedOnly: false });
    expect(kept.filter(({ inputBy }) => inputBy === 'schedule').map(({ key }) => key)).toEqual([ended[0]?.key]);
  });

  it('that is due while no worker is there runs once one is', async () => {
    const { schedule, stop } = await scheduled();
    await schedule.create();
    await stop();
    await schedule.trigger();
    await Promise.all(roles.map((role) => talos.serve(role)));
    expect(await schedule.ended()).toMatchObject([{ state: 'ran' }]);
  });

  it('that is due while no worker is there is skipped as missed once one comes too late', async () => {
    const { schedule, stop } = await scheduled({ due: { catchUpMs: 500 } });
    await schedule.create();
    await stop();
    await schedule.trigger();
    const late = Date.now() + 1600;
    await expect.poll(() => Date.now(), { timeout: 5000 }).toBeGreaterThan(late);
    await Promise.all(roles.map((role) => talos.serve(role)));
    expect(await schedule.ended()).toMatchObject([{ state: 'skipped', reason: 'missed' }]);
    expect(audited()).toContain('missed');
    expect(runs()).toBe(0);
  });

  it('does nothing while it is paused, and goes on when it is resumed', async () => {
    const { schedule } = await scheduled();
    await schedule.create({ everyMinutes: 1 });
    expect(await schedule.api.pause(schedule.ref, 'owner')).toMatchObject({ paused: true, next: [] });
    await schedule.handle.update((before) => ({ ...before, spec: { intervals: [{ every: '1 second' }] } }));
    await schedule.nextSecond();
    await schedule.nextSecond();
    await schedule.nextSecond();
    expect((await schedule.handle.describe()).info.numActionsTaken).toBe(0);
    expect(await schedule.api.pause(schedule.ref, 'owner')).toMatchObject({ paused: true, dueRuns: [] });
    const resumed = await schedule.api.resume(schedule.ref, 'owner');
    expect(resumed).toMatchObject({
      paused: false,
      next: [expect.any(Number), expect.any(Number), expect.any(Number)],
    });
    await schedule.trigger();
    expect(await schedule.ended()).toMatchObject([{ state: 'ran' }]);
    const changes = talos.ports.audited.events().filter(({ type }) => type === 'skill-schedule-changed');
    expect(changes.map(({ details }) => details?.['change'])).toEqual(['set', 'paused', 'resumed']);
  });

  it('comes due no more when it is removed; a run that goes on ends by itself', async () => {
    const { skill, schedule } = await scheduled();
    await schedule.create();
    const { begun, letGo } = hold();
    await schedule.trigger();
    const { runId } = await begun;
    await schedule.api.remove(schedule.ref, 'owner');
    letGo();
    const ref = { skill: skill.id, key: runId.slice(skill.id.length + 1) };
    expect(await skill.ended(ref)).toMatchObject({ state: 'ok' });
    await expect(schedule.handle.describe()).rejects.toThrow();
    await expect(schedule.look()).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('that Temporal keeps although it was removed here is skipped, audited', async () => {
    const { schedule } = await scheduled();
    await schedule.create();
    await talos.skills.schedules.remove(schedule.ref);
    await schedule.trigger();
    await expect.poll(audited).toContain('schedule-removed');
    expect(runs()).toBe(0);
  });

  it('whose run was ended from outside has failed, and runs the next time', async () => {
    const { skill, schedule } = await scheduled();
    await schedule.create();
    const { begun } = hold();
    await schedule.trigger();
    const { runId } = await begun;
    const key = runId.slice(skill.id.length + 1);
    await schedule.client.workflow.getHandle(skillRunWorkflowId({ skill: skill.id, key })).terminate('test');
    expect(await schedule.ended()).toMatchObject([{ state: 'failed', reason: 'RUN_STOPPED' }]);
    expect(await runOf(skill.id, key)).toMatchObject({ state: 'cancelled' });
    talos.skills.sandbox.follow(async () => undefined);
    await schedule.nextSecond();
    await schedule.trigger();
    expect(await schedule.ended(2)).toMatchObject([{ state: 'ran' }, { state: 'failed' }]);
  });

  it('leaves no input and no note in any history or schedule, and shows what it is', async () => {
    const { skill, schedule } = await scheduled({
      skills: createSkillTwins({ checkInput: () => ({ pass: true }) }),
    });
    await schedule.api.create({ ...schedule.ref, when: rarely, input: 'needle-input', note: 'needle-note' }, 'owner');
    await schedule.trigger();
    await schedule.ended();
    const { raw, memo, state } = await schedule.handle.describe();
    expect({ memo, note: state.note }).toEqual({
      memo: { skill: skill.id, schedule: 'morning' },
      note: `Skill ${skill.id}: 0 0 29 2 * UTC`,
    });
    let text = JSON.stringify(raw);
    const query = `TalosSkillId = '${skill.id}'`;
    await expect
      .poll(async () => (await schedule.client.workflow.count(`${query} AND WorkflowType = 'skillRunDue'`)).count)
      .toBe(1);
    for await (const { workflowId } of schedule.client.workflow.list({ query })) {
      text += historyToJSON(await schedule.client.workflow.getHandle(workflowId).fetchHistory());
    }
    const decoded = text.replace(/"data":\s*"([^"]*)"/g, (_all, data: string) =>
      Buffer.from(data, 'base64').toString(),
    );
    expect(decoded).toContain('skillRunDue');
    expect(decoded).not.toMatch(/needle/);
  });
});

function never(): never {
  throw new Error('there is no due run');
}
