import { afterEach, describe, expect, inject, it } from 'vitest';

import { keepSchedules } from '../../../workers/keep-schedules.ts';
import { catchUpMs } from '../../../domain/skills/schedule.ts';
import { startTalos } from '../../support/talos.ts';
import { startOwnTemporal } from './own-temporal.ts';
import { rarely, scheduleDriver } from './schedule-support.ts';
import { skillDriver } from './support.ts';

type Talos = Awaited<ReturnType<typeof startTalos>>;
const roles = ['core', 'gpu', 'sandbox'] as const;
const minuteMs = 60_000;

describe('schedules are looked after', () => {
  let talos: Talos;
  let cleanUp: () => Promise<void>;
  afterEach(async () => {
    await cleanUp();
    await talos.close();
  });

  async function scheduled() {
    talos = await startTalos(inject('stack'));
    await Promise.all(roles.map((role) => talos.serve(role)));
    const skill = skillDriver(talos);
    await skill.activate();
    const earlier = scheduleDriver(talos, skill.id, () => Date.now() - 60 * minuteMs);
    const schedule = scheduleDriver(talos, skill.id);
    cleanUp = () => talos.scheduleClock.remove(schedule.ref);
    return { skill, schedule, earlier };
  }
  const missed = () => talos.ports.audited.events().filter(({ details }) => details?.['reason'] === 'missed');
  const ports = () => ({
    ...talos.ports,
    schedules: talos.skills.schedules,
    scheduleClock: talos.scheduleClock,
  });

  it('what was due while nothing ran is recorded as missed, once', async () => {
    const { schedule, earlier } = await scheduled();
    await earlier.create({ everyMinutes: 10 });
    const { dueRuns } = await schedule.look();
    const before = Date.now() - catchUpMs - minuteMs;
    const expected = Array.from(
      { length: 6 },
      (_, back) => Math.floor(before / (10 * minuteMs) - back) * 10 * minuteMs,
    );
    const due = expected.filter((time) => time > Date.now() - 60 * minuteMs);
    expect(dueRuns.map(({ dueAt }) => dueAt)).toEqual(due);
    for (const run of dueRuns) {
      expect(run).toMatchObject({ state: 'skipped', reason: 'missed', why: 'Talos was not running when it was due' });
    }
    expect(missed()).toMatchObject([{ details: { count: due.length, last: due[0] } }]);
    await schedule.look();
    expect(missed()).toHaveLength(1);
    expect((await schedule.dueRuns()).length).toBe(due.length);
  });

  it('a next run records what was missed before it, with nobody looking', async () => {
    const { schedule, earlier } = await scheduled();
    await earlier.create({ everyMinutes: 30 });
    await schedule.trigger();
    await schedule.ended();
    await expect.poll(() => missed().length).toBe(1);
    expect((await schedule.dueRuns()).map(({ state }) => state)).toContain('skipped');
  });

  it('what was due while it was paused is not called missed', async () => {
    const { schedule, earlier } = await scheduled();
    await earlier.create({ everyMinutes: 10 });
    await earlier.api.pause(schedule.ref, 'owner');
    expect((await schedule.look()).dueRuns).toEqual([]);
    await schedule.api.resume(schedule.ref, 'owner');
    expect((await schedule.look()).dueRuns).toEqual([]);
  });

  it('a pause in the Web UI of Temporal counts, and can be ended here', async () => {
    const { schedule, earlier } = await scheduled();
    await earlier.create({ everyMinutes: 10 });
    await schedule.handle.pause();
    expect(await schedule.look()).toMatchObject({ paused: true, next: [], dueRuns: [] });
    expect(await schedule.api.resume(schedule.ref, 'owner')).toMatchObject({ paused: false, dueRuns: [] });
    expect((await schedule.handle.describe()).state.paused).toBe(false);
  });

  it('a change of times starts anew, the same again does not', async () => {
    const { schedule, earlier } = await scheduled();
    await earlier.create({ everyMinutes: 30 });
    expect((await schedule.create({ everyMinutes: 30 })).isNew).toBe(false);
    expect(missed()).toHaveLength(1);
    const { view } = await schedule.create({ everyMinutes: 1 });
    expect(view.dueRuns.every(({ dueAt }) => dueAt % (30 * minuteMs) === 0)).toBe(true);
    expect(missed()).toHaveLength(1);
  });

  it('one that Temporal has lost is set again, as it was', async () => {
    const { schedule } = await scheduled();
    await schedule.create();
    await schedule.handle.delete();
    await keepSchedules(ports());
    expect((await schedule.handle.describe()).state.paused).toBe(false);
    await schedule.api.pause(schedule.ref, 'owner');
    await schedule.handle.delete();
    expect(await schedule.look()).toMatchObject({ paused: true, next: [] });
    expect((await schedule.handle.describe()).state.paused).toBe(true);
  });

  it('one whose run was ended from outside does not run for ever', async () => {
    const { skill, schedule } = await scheduled();
    await schedule.create();
    const dueAt = Date.now() - 121 * minuteMs;
    await talos.skills.schedules.begin(schedule.ref, { key: 'morning-1', dueAt }, dueAt);
    expect((await schedule.look()).dueRuns).toMatchObject([{ state: 'failed', reason: 'RUN_STOPPED' }]);
    expect(skill.id).toBe(schedule.ref.skill);
  });

  it('one that cannot be looked after keeps no other from it, and is told in the log', async () => {
    const { skill, schedule } = await scheduled();
    await schedule.create();
    await schedule.api.create({ skill: skill.id, name: 'other', when: rarely, input: 1 }, 'owner');
    const warned: unknown[] = [];
    const timing = (ref: typeof schedule.ref) => talos.scheduleClock.timing(ref);
    const scheduleClock = {
      ...talos.scheduleClock,
      timing: (ref: typeof schedule.ref) => (ref.name === 'morning' ? Promise.reject(new Error('away')) : timing(ref)),
    };
    await talos.scheduleClock.remove({ skill: skill.id, name: 'other' });
    const logger = { ...talos.ports.logger, warn: (fields: object) => void warned.push(fields) };
    await keepSchedules({ ...ports(), scheduleClock, logger });
    expect(warned).toMatchObject([{ schedule: `${skill.id}.morning` }]);
    expect(await timing({ skill: skill.id, name: 'other' })).toBeDefined();
    await talos.scheduleClock.remove({ skill: skill.id, name: 'other' });
  });
});

describe('a Temporal server that is killed and stays away', () => {
  it('leaves no due time without a record once it is back', async () => {
    const own = await startOwnTemporal();
    const talos = await startTalos(
      { ...inject('stack'), temporal: own.address },
      { due: { catchUpMs: 10_000 } }, // the server knows no shorter one
    );
    try {
      const stops = await Promise.all(roles.map((role) => talos.serve(role)));
      const skill = skillDriver(talos);
      await skill.activate();
      // Everything that is older than five seconds is looked at.
      const schedule = scheduleDriver(talos, skill.id, () => Date.now() + catchUpMs + minuteMs - 5000);
      const { schedules } = talos.skills;
      await schedule.create({ everyMinutes: 1 });
      const stepMs = 6000;
      await schedule.handle.update((before) => ({ ...before, spec: { intervals: [{ every: stepMs }] } }));
      const kept = await schedule.api.kept(schedule.ref);
      await schedules.put({ ...kept, since: Date.now() });
      const [first] = await schedule.ended();
      await Promise.all(stops.map((stop) => stop()));
      await own.kill();
      const back = Date.now() + 25_000;
      await expect.poll(() => Date.now(), { timeout: 40_000, interval: 500 }).toBeGreaterThan(back);
      await own.start();
      await Promise.all(roles.map((role) => talos.serve(role)));
      const ranAgain = async () =>
        (await schedule.dueRuns()).some(({ state, dueAt }) => state === 'ran' && dueAt > back);
      await expect.poll(ranAgain, { timeout: 20_000 }).toBe(true);
      const looked = async () => (await schedule.look()).dueRuns.some(({ reason }) => reason === 'missed');
      await expect.poll(looked, { timeout: 20_000 }).toBe(true);
      await talos.scheduleClock.remove(schedule.ref);
      const dueRuns = (await schedule.dueRuns()).toReversed().filter(({ dueAt }) => dueAt >= (first?.dueAt ?? 0));
      const times = dueRuns.map(({ dueAt }) => dueAt);
      expect(times).toEqual(Array.from(times, (_, place) => (first?.dueAt ?? 0) + place * stepMs));
      expect(new Set(dueRuns.map(({ state }) => state))).toEqual(new Set(['ran', 'skipped']));
    } finally {
      await talos.close();
      await own.close();
    }
  }, 180_000);
});
