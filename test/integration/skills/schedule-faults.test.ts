import { afterEach, describe, expect, inject, it } from 'vitest';

import { TalosError } from '../../../domain/errors.ts';
import { skillRunWorkflowId } from '../../../workflows/messages.ts';
import type { startTalos } from '../../support/talos.ts';
import { startScheduled } from './schedule-support.ts';

describe('a scheduled skill', () => {
  let at: Awaited<ReturnType<typeof startScheduled>>;
  afterEach(() => at.close());
  async function scheduled(options: Parameters<typeof startTalos>[1] = {}) {
    at = await startScheduled(inject('stack'), options);
    return at;
  }

  it('is one run although the store fails, and answers are lost', async () => {
    const { skill, schedule } = await scheduled();
    await schedule.create();
    const { schedules, skillRuns } = at.talos.skills;
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
    expect({ state, run: (await at.runOf(skill.id, key))?.state }).toEqual({ state: 'ran', run: 'ok' });
    expect(at.runs()).toBe(1);
    expect(await schedule.dueRuns()).toHaveLength(1);
  });

  it('is the same run when every worker stops in the middle of it', async () => {
    const { skill, schedule, stop } = await scheduled();
    await schedule.create();
    const { begun } = at.hold();
    await schedule.trigger();
    await begun;
    await stop();
    at.talos.skills.sandbox.follow(async () => undefined);
    await at.serve();
    const ended = await schedule.ended();
    expect(ended).toMatchObject([{ state: 'ran' }]);
    const kept = await at.talos.skills.skillRuns.list(skill.id, { limit: 9, offset: 0, failedOnly: false });
    expect(kept.filter(({ inputBy }) => inputBy === 'schedule').map(({ key }) => key)).toEqual([ended[0]?.key]);
  });

  it('that is due while no worker is there runs once one is', async () => {
    const { schedule, stop } = await scheduled();
    await schedule.create();
    await stop();
    await schedule.trigger();
    await at.serve();
    expect(await schedule.ended()).toMatchObject([{ state: 'ran' }]);
  });

  it('that is due while no worker is there is skipped as missed once one comes too late', async () => {
    const { schedule, stop } = await scheduled({ due: { catchUpMs: 500 } });
    await schedule.create();
    await stop();
    await schedule.trigger();
    const late = Date.now() + 1600;
    await expect.poll(() => Date.now(), { timeout: 5000 }).toBeGreaterThan(late);
    await at.serve();
    expect(await schedule.ended()).toMatchObject([{ state: 'skipped', reason: 'missed' }]);
    expect(at.audited()).toContain('missed');
    expect(at.runs()).toBe(0);
  });

  it('comes due no more when it is removed; a run that goes on ends by itself', async () => {
    const { skill, schedule } = await scheduled();
    await schedule.create();
    const { begun, letGo } = at.hold();
    await schedule.trigger();
    const { runId } = await begun;
    await schedule.api.remove(schedule.ref, 'owner');
    letGo();
    const ref = { skill: skill.id, key: runId.slice(skill.id.length + 1) };
    expect(await skill.ended(ref)).toMatchObject({ state: 'ok' });
    await expect(schedule.handle.describe()).rejects.toThrow();
    await expect(schedule.look()).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('that Temporal keeps although it was removed here is skipped, audited, and comes due no more', async () => {
    const { schedule } = await scheduled();
    await schedule.create();
    await at.talos.skills.schedules.remove(schedule.ref);
    await schedule.trigger();
    await expect.poll(at.audited).toContain('schedule-removed');
    expect(at.runs()).toBe(0);
    await expect.poll(() => at.talos.scheduleClock.timing(schedule.ref), { timeout: 10_000 }).toBeUndefined();
  });

  it('that is cancelled before its run starts leaves nothing pending', async () => {
    const { skill, schedule, stop } = await scheduled();
    await schedule.create();
    await stop();
    await schedule.trigger();
    await schedule.cancelRunning();
    await at.serve();
    const [{ key, ...end } = never()] = await schedule.ended();
    expect(end).toMatchObject({ state: 'failed', reason: 'RUN_STOPPED' });
    expect(await at.runOf(skill.id, key)).toMatchObject({ state: 'cancelled' });
    expect(at.runs()).toBe(0);
  });

  it('whose run was ended from outside has failed, and runs the next time', async () => {
    const { skill, schedule } = await scheduled();
    await schedule.create();
    const { begun } = at.hold();
    await schedule.trigger();
    const { runId } = await begun;
    const key = runId.slice(skill.id.length + 1);
    await schedule.client.workflow.getHandle(skillRunWorkflowId({ skill: skill.id, key })).terminate('test');
    expect(await schedule.ended()).toMatchObject([{ state: 'failed', reason: 'RUN_STOPPED' }]);
    expect(await at.runOf(skill.id, key)).toMatchObject({ state: 'cancelled' });
    at.talos.skills.sandbox.follow(async () => undefined);
    await schedule.nextSecond();
    await schedule.trigger();
    expect(await schedule.ended(2)).toMatchObject([{ state: 'ran' }, { state: 'failed' }]);
  });
});

function never(): never {
  throw new Error('there is no due run');
}
