import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { afterEach, describe, expect, inject, it } from 'vitest';

import { dueRunKey } from '../../../domain/skills/schedule.ts';
import { skillRunDueWorkflowId, skillRunWorkflowId } from '../../../workflows/messages.ts';
import { createSkillTwins } from '../../support/skill-twins.ts';
import type { startTalos } from '../../support/talos.ts';
import { rarely, startScheduled } from './schedule-support.ts';

describe('a scheduled skill', () => {
  let at: Awaited<ReturnType<typeof startScheduled>>;
  afterEach(() => at.close());
  async function scheduled(options: Parameters<typeof startTalos>[1] = {}) {
    at = await startScheduled(inject('stack'), options);
    return at;
  }

  it('runs when it is due, on the input of the schedule, after everything somebody waits for', async () => {
    const { skill, schedule } = await scheduled();
    await schedule.create();
    await schedule.trigger();
    const [{ key, ...run } = never()] = await schedule.ended();
    expect({ key, ...run }).toMatchObject({ state: 'ran', key: dueRunKey('morning', run.dueAt) });
    const record = await at.runOf(skill.id, key);
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
    await at.talos.scheduleClock.remove(schedule.ref);
    expect(new Set(ended.map(({ key }) => key)).size).toBe(ended.length);
    // On a busy machine a run may outlast the second to the next due time, which then is skipped.
    const ran = ended.filter(({ reason }) => reason !== 'overlap');
    expect(ran.length).toBeGreaterThan(0);
    for (const { state, key } of ran) {
      expect({ state, run: (await at.runOf(skill.id, key))?.state }).toEqual({ state: 'ran', run: 'ok' });
    }
  });

  it('is skipped each time it comes due while a run goes on', async () => {
    const { schedule } = await scheduled();
    await schedule.create({ everyMinutes: 1 });
    const { begun, letGo } = at.hold();
    await schedule.handle.update((before) => ({ ...before, spec: { intervals: [{ every: '1 second' }] } }));
    await begun;
    const skipped = await schedule.ended(2);
    await at.talos.scheduleClock.remove(schedule.ref);
    letGo();
    await expect.poll(async () => (await schedule.dueRuns()).map(({ state }) => state)).toContain('ran');
    const running = (await schedule.dueRuns()).find(({ state }) => state === 'ran');
    for (const run of skipped) expect(run).toMatchObject({ reason: 'overlap', detail: running?.key });
  });

  it('that is due twice at once runs once at a time, and nothing of it vanishes', async () => {
    const { schedule } = await scheduled();
    await schedule.create();
    const { begun, letGo } = at.hold();
    await Promise.all([schedule.trigger(), schedule.trigger()]);
    await begun;
    await schedule.nextSecond();
    await schedule.trigger();
    const [skipped] = await schedule.ended();
    expect(skipped).toMatchObject({ state: 'skipped', reason: 'overlap' });
    expect(at.runs()).toBe(1);
    letGo();
    await expect.poll(async () => (await schedule.dueRuns()).some(({ state }) => state === 'ran')).toBe(true);
    expect(at.audited()).toContain('overlap');
    await schedule.nextSecond();
    await schedule.trigger();
    await expect.poll(async () => (await schedule.dueRuns())[0]?.state).toBe('ran');
  });

  it('is skipped while Talos is locked down, and runs again after', async () => {
    const { schedule } = await scheduled();
    await schedule.create();
    await at.talos.ports.lockdown.lock({ reason: 'test', by: 'owner', at: 1 });
    await schedule.trigger();
    expect(await schedule.ended()).toMatchObject([{ state: 'skipped', reason: 'lockdown' }]);
    expect(at.audited()).toContain('lockdown');
    await expect(schedule.create()).rejects.toMatchObject({ code: 'LOCKDOWN' });
    await at.talos.ports.lockdown.unlock();
    await schedule.nextSecond();
    await schedule.trigger();
    expect(await schedule.ended(2)).toMatchObject([{ state: 'ran' }, { state: 'skipped' }]);
  });

  it('whose run a lockdown stops has failed', async () => {
    const { schedule } = await scheduled();
    await schedule.create();
    const { begun } = at.hold();
    await schedule.trigger();
    await begun;
    await at.talos.ports.lockdown.lock({ reason: 'test', by: 'owner', at: 1 });
    await at.talos.ports.runtime.cancelMessages();
    expect(await schedule.ended()).toMatchObject([{ state: 'failed' }]);
  });

  it('is skipped while no version is active; the schedule stays', async () => {
    const { skill, schedule } = await scheduled();
    await schedule.create();
    await at.talos.skillRuntime.deprecate({ id: skill.id, by: 'owner', reason: 'test' });
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
    expect(at.runs()).toBe(0);
    await expect(schedule.create()).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
  });

  it('tells a fault of the skill, which is a strike', async () => {
    const { skill, schedule } = await scheduled();
    await schedule.create();
    at.talos.skills.sandbox.follow(async () => ({ verdict: 'timeout' }));
    await schedule.trigger();
    expect(await schedule.ended()).toMatchObject([{ state: 'failed', reason: 'timeout' }]);
    await expect.poll(async () => (await skill.life()).active?.strikes.length).toBe(1);
  });

  it('tells that files were changed', async () => {
    const { hash, schedule } = await scheduled();
    await schedule.create();
    at.talos.skills.skills.tamper(hash);
    await schedule.trigger();
    expect(await schedule.ended()).toMatchObject([{ state: 'failed', reason: 'SKILL_CHANGED' }]);
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
    const changes = at.talos.ports.audited.events().filter(({ type }) => type === 'skill-schedule-changed');
    expect(changes.map(({ details }) => details?.['change'])).toEqual(['set', 'paused', 'resumed']);
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
