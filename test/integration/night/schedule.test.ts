import { afterEach, describe, expect, inject, it } from 'vitest';

import { createTemporalNight } from '../../../adapters/temporal-night.ts';
import { keepNight, lookAtNight, setNight } from '../../../domain/night/keep-night.ts';
import { nightCatchUpMs } from '../../../domain/night/limits.ts';
import { dueNightId } from '../../../domain/night/night-id.ts';
import type { NightWhen } from '../../../domain/night/run.ts';
import { setNightSchedule } from '../../../workers/set-night-schedule.ts';
import { hangUntilTold, type Nights, startNights, until } from './support.ts';

const hourMs = 60 * 60 * 1000;
const dayMs = 24 * hourMs;
const berlin: NightWhen = { hour: 4, minute: 0, zone: 'Europe/Berlin' };

describe('the schedule of the dream cycle', () => {
  let at: Nights;
  afterEach(() => at.close());
  async function nights(options: Parameters<typeof startNights>[1] = {}) {
    at = await startNights(inject('stack'), options);
    return at;
  }
  const runs = () => at.nightRuns.list({ since: 0, limit: 50 });
  const iso = (times: readonly number[]) => times.map((time) => new Date(time).toISOString());

  /** A clock of the same schedule with another time, as after a change of the settings. */
  function clockAt(when: NightWhen) {
    const settings = { softMs: 60_000, hardMs: 70_000, mayRevise: false };
    const { taskQueue, connection } = at.talos;
    const names = { namespace: 'talos', taskQueue, scheduleId: at.scheduleId };
    return createTemporalNight({ connection, ...names, when, settings }).nightClock;
  }

  it('is made at the first start, with everything it needs, and the same again is the same', async () => {
    const { keeping, schedule } = await nights();
    await Promise.all([setNight(keeping), setNight(keeping)]);
    await setNight(keeping);
    const { spec, policies, action, state } = await schedule.describe();
    expect(spec.timezone).toBe('Europe/Berlin');
    expect(policies).toMatchObject({ overlap: 'ALLOW_ALL', catchupWindow: nightCatchUpMs, pauseOnFailure: false });
    expect(action).toMatchObject({ workflowType: 'dreamCycle', workflowId: `${at.scheduleId}/due` });
    expect(state.paused).toBe(false);
    const { next, when } = await lookAtNight(keeping);
    expect(when).toEqual(berlin);
    const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'short', timeZone: 'Europe/Berlin' });
    expect(next.map((time) => clock.format(time))).toEqual(['04:00', '04:00', '04:00']);
    expect(await runs()).toEqual([]);
  });

  it('starts a run when it is due, named by that second', async () => {
    const { keeping, schedule, ended, client } = await nights();
    await setNight(keeping);
    await schedule.trigger();
    await until(10_000, async () => (await runs()).length > 0);
    const [{ id, dueAt } = never()] = await runs();
    expect(id).toBe(dueNightId(dueAt));
    expect(await ended(id)).toMatchObject({ state: 'ran', trigger: 'schedule' });
    const started = await client.workflow
      .getHandle(`${at.scheduleId}/due-${iso([dueAt])[0]?.replace('.000', '')}`)
      .describe();
    expect(await started.staticSummary()).toBe('Dream cycle every day at 04:00 Europe/Berlin');
    await expect.poll(() => at.talos.nightRuntime.state(id)).toBe('ended');
  });

  it('skips what comes due while a run goes on', async () => {
    const { keeping, schedule, start, ended, nightWork } = await nights();
    await setNight(keeping);
    const slow = hangUntilTold('redis');
    nightWork.follow(slow.script);
    const id = await start();
    await slow.begun;
    await schedule.trigger();
    await until(10_000, async () => (await runs()).some(({ reason }) => reason === 'overlap'));
    await at.talos.nightRuntime.cancel(id);
    expect(await ended(id)).toMatchObject({ reason: 'cancelled' });
    expect(nightWork.begun()).toEqual(['redis']);
  });

  it('is changed with the settings; what was due until then goes by the old time', async () => {
    const { keeping } = await nights();
    await setNight(keeping);
    await at.nightRuns.account({ until: Date.now() + dayMs, missed: [] }); // nothing before is told here
    const later = Date.now() + 3 * dayMs;
    const changed = { ...keeping, nightClock: clockAt({ hour: 23, minute: 15, zone: 'UTC' }), now: () => later };
    await setNight(changed);
    const missed = await runs();
    const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'short', timeZone: 'Europe/Berlin' });
    expect(missed.map(({ dueAt }) => clock.format(dueAt))).toEqual(['04:00', '04:00']);
    expect(missed).toMatchObject([{ reason: 'missed' }, { reason: 'missed' }]);
    const { when, next } = await lookAtNight(changed);
    expect(when).toEqual({ hour: 23, minute: 15, zone: 'UTC' });
    expect(iso(next).every((time) => time.includes('T23:15:00'))).toBe(true);
    expect(await runs()).toHaveLength(2);
  });

  it('is set anew by a look when Temporal has lost it, and stays paused when it was paused there', async () => {
    const { keeping, schedule } = await nights();
    await setNight(keeping);
    await schedule.delete();
    expect(await keepNight(keeping)).toMatchObject({ paused: true, next: [] });
    expect((await lookAtNight(keeping)).next).toHaveLength(3);
    await schedule.pause();
    await setNight(keeping);
    expect(await lookAtNight(keeping)).toMatchObject({ paused: true });
  });

  it('is made from nothing in place of one that waits for a time long past, and stays paused', async () => {
    const { keeping, schedule } = await nights();
    const { nightClock } = keeping;
    await nightClock.renew();
    const first = await schedule.describe();
    expect(first.state.paused).toBe(false);
    await schedule.pause('on holiday');
    await nightClock.renew();
    const second = await schedule.describe();
    expect(second.info.createdAt.getTime()).toBeGreaterThan(first.info.createdAt.getTime());
    expect(second.state).toMatchObject({ paused: true, note: 'on holiday' });
    expect((await nightClock.timing())?.when).toEqual(berlin);
  });

  it('tells what was due while nothing ran as missed, each night once', async () => {
    const { keeping } = await nights();
    await setNight(keeping);
    const later = { ...keeping, now: () => Date.now() + 5 * dayMs };
    await Promise.all([lookAtNight(later), lookAtNight(later)]);
    const missed = await runs();
    expect(missed.length).toBeGreaterThanOrEqual(4);
    expect(new Set(missed.map(({ id }) => id)).size).toBe(missed.length);
    for (const run of missed) expect(run).toMatchObject({ state: 'skipped', reason: 'missed', trigger: 'schedule' });
    await lookAtNight(later);
    expect(await runs()).toHaveLength(missed.length);
  });

  it('tells a time the clock jumped over as missed, but none that can still be made up for', async () => {
    const { keeping } = await nights({ night: { when: { ...berlin, zone: 'UTC' } } });
    await setNight(keeping);
    const due = Math.floor(Date.now() / dayMs + 2) * dayMs + 4 * hourMs;
    await at.nightRuns.account({ until: due - hourMs, missed: [] });
    await keepNight({ ...keeping, now: () => due + nightCatchUpMs });
    expect(await runs()).toEqual([]);
    await keepNight({ ...keeping, now: () => due + nightCatchUpMs + 120_000 });
    expect(await runs()).toMatchObject([{ dueAt: due, reason: 'missed' }]);
  });

  it('skips as missed what starts later than the window', async () => {
    const { keeping, schedule, nightWork, ended } = await nights({
      night: { catchUpMs: 10_000, now: () => Date.now() + 60_000 },
    });
    await setNight(keeping);
    await schedule.trigger();
    await until(10_000, async () => (await runs()).length > 0);
    const [{ id } = never()] = await runs();
    expect(await ended(id)).toMatchObject({ state: 'skipped', reason: 'missed' });
    expect(nightWork.begun()).toEqual([]);
  });

  it('runs late what came due while no worker was there', async () => {
    const { keeping, schedule, stop, serve, ended } = await nights();
    await setNight(keeping);
    await stop();
    await schedule.trigger();
    await serve();
    await until(10_000, async () => (await runs()).length > 0);
    expect(await ended((await runs())[0]?.id ?? '')).toMatchObject({ state: 'ran' });
  });

  it.each([
    {
      what: 'in spring the hour that does not exist is not due',
      time: [2, 30],
      from: '2027-03-27T00:00Z',
      expected: ['2027-03-27T01:30', '2027-03-29T00:30'],
    },
    {
      what: 'in autumn the hour that comes twice is due once',
      time: [2, 30],
      from: '2027-10-30T12:00Z',
      expected: ['2027-10-31T01:30', '2027-11-01T01:30'],
    },
    {
      what: 'four o’clock stays four o’clock in spring',
      time: [4, 0],
      from: '2027-03-27T00:00Z',
      expected: ['2027-03-27T03:00', '2027-03-28T02:00', '2027-03-29T02:00'],
    },
    {
      what: 'four o’clock stays four o’clock in autumn',
      time: [4, 0],
      from: '2027-10-30T12:00Z',
      expected: ['2027-10-31T03:00', '2027-11-01T03:00'],
    },
  ])('when clocks change, $what', async ({ time: [hour = 0, minute = 0], from, expected }) => {
    const { keeping } = await nights({ night: { when: { hour, minute, zone: 'Europe/Berlin' } } });
    await setNight(keeping);
    const after = Date.parse(from);
    const times = await at.talos.nightClock.dueTimes({ after, until: after + 2.5 * dayMs });
    expect(iso(times)).toEqual(expected.map((time) => `${time}:00.000Z`));
    await at.nightRuns.account({ until: after, missed: [] });
    await keepNight({ ...keeping, now: () => after + 2.5 * dayMs + nightCatchUpMs + 60_000 });
    expect((await runs()).toReversed().map(({ dueAt }) => dueAt)).toEqual(times);
  });

  it('ends a run that lost its workflow, and keeps what it had done', async () => {
    const { keeping, start, nightWork, workflow, nightRuns } = await nights();
    await setNight(keeping);
    const slow = hangUntilTold('logs');
    nightWork.follow(slow.script);
    const id = await start();
    await slow.begun;
    await workflow(id).terminate('test');
    await keepNight(keeping);
    expect(await nightRuns.get(id)).toMatchObject({ state: 'running' });
    await keepNight({ ...keeping, now: () => Date.now() + 2 * hourMs });
    const lost = await nightRuns.get(id);
    expect(lost).toMatchObject({ state: 'failed', reason: 'lost', isCutShort: true });
    expect(lost?.phases.map(({ state }) => state)).toEqual(['done', 'done', 'cut-short', 'skipped', 'skipped']);
  });

  it('that cannot be set at the start is told in the log once, and set as soon as it can be', async () => {
    const { keeping, talos, schedule } = await nights();
    const warned: unknown[] = [];
    const logger = { ...talos.ports.logger, warn: (fields: object) => void warned.push(fields) };
    let away = 3;
    const nightRuns = {
      ...keeping.nightRuns,
      accounted: () => ((away -= 1) >= 0 ? Promise.reject(new Error('away')) : keeping.nightRuns.accounted()),
    };
    const signal = AbortSignal.timeout(10_000);
    await setNightSchedule({ ...keeping, nightRuns, logger }, { signal, pauseMs: 1 });
    expect(signal.aborted).toBe(false);
    expect(warned).toMatchObject([{ when: 'every day at 04:00 Europe/Berlin', code: 'INTERNAL' }]);
    expect((await schedule.describe()).state.paused).toBe(false);
    expect((await nightRuns.accounted()).until).toBeGreaterThan(0);
  });

  it('is given up when the process ends', async () => {
    const { keeping, talos } = await nights();
    const nightClock = { ...keeping.nightClock, timing: () => Promise.reject(new Error('away')) };
    const stopping = new AbortController();
    const trying = setNightSchedule(
      { ...keeping, nightClock, logger: talos.ports.logger },
      { signal: stopping.signal, pauseMs: 1 },
    );
    stopping.abort();
    await trying;
    await expect(talos.nightClock.timing()).resolves.toBeUndefined();
  });
});

function never(): never {
  throw new Error('there is no run');
}
