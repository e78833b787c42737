import { afterEach, describe, expect, test } from 'vitest';

import { createMemoryScheduleClock } from '../../../adapters/memory/schedule-clock.ts';
import { TalosError } from '../../../domain/errors.ts';
import { id, keepActive, keepWaiting } from './skill-support.ts';
import { startApi, type TestApi } from './support.ts';

let api: TestApi;
afterEach(() => api.close());

const place = `/skills/${id}/schedules`;
const morning = { name: 'morning', cron: '0 8 * * *', zone: 'Europe/Berlin', input: 21 };
const create = (body: unknown) => api.ask(place, { body });
const post = (path: string) => api.ask(path, { method: 'POST' });
const remove = (name: string) => api.ask(`${place}/${name}`, { method: 'DELETE' });
const changes = () =>
  api.audit
    .events()
    .filter(({ type }) => type === 'skill-schedule-changed')
    .map(({ details }) => details?.['change']);

describe('a schedule', () => {
  test('is made, shown with its input, listed without it, and removed', async () => {
    api = await startApi();
    await keepActive(api);
    const made = await create({ ...morning, note: ' for the team ' });
    expect(made).toMatchObject({
      status: 201,
      headers: { location: `${place}/morning` },
      body: {
        skill: id,
        name: 'morning',
        when: { cron: '0 8 * * *', zone: 'Europe/Berlin' },
        note: 'for the team',
        paused: false,
        next: [28_800_000, 115_200_000, 201_600_000],
        dueRuns: [],
      },
    });
    expect(made.body).not.toHaveProperty('input');
    expect((await api.ask(`${place}/morning`)).body).toMatchObject({ name: 'morning', input: 21 });
    for (const path of [place, '/schedules']) {
      const { body } = await api.ask(path);
      expect(body).toMatchObject({ schedules: [{ name: 'morning', createdAt: 1000 }] });
      expect(JSON.stringify(body)).not.toContain('"input"');
    }
    expect((await remove('morning')).status).toBe(204);
    expect((await remove('morning')).status).toBe(404);
    expect((await api.ask(`${place}/morning`)).status).toBe(404);
    expect((await api.ask(place)).body).toEqual({ schedules: [] });
    expect(changes()).toEqual(['set', 'removed']);
  });

  test('that cannot be read is named beside the others, and can be removed', async () => {
    api = await startApi();
    await keepActive(api);
    await create(morning);
    await create({ ...morning, name: 'evening' });
    const broken = new TalosError('INTERNAL', 'It is not stored as Talos writes it.');
    const sound = { ...api.schedules };
    api.schedules.get = (ref) => (ref.name === 'evening' ? Promise.reject(broken) : sound.get(ref));
    api.schedules.dueRuns = (ref) => (ref.name === 'evening' ? Promise.reject(broken) : sound.dueRuns(ref));
    const { body } = await api.ask('/schedules');
    expect(body).toMatchObject({
      schedules: [{ name: 'morning' }],
      unreadable: [{ id: `${id}.evening`, problem: broken.message }],
    });
    expect((await remove('evening')).status).toBe(204);
    expect((await api.ask('/schedules')).body).not.toHaveProperty('unreadable');
  });

  test('that is asked for again is the same, with other times it is changed', async () => {
    api = await startApi();
    await keepActive(api);
    const first = await create(morning);
    expect(await create(morning)).toMatchObject({ status: 200, body: first.body });
    const { cron: _cron, zone: _zone, ...rest } = morning;
    expect(await create({ ...rest, everyMinutes: 30 })).toMatchObject({
      status: 200,
      body: { when: { everyMinutes: 30 }, next: [1_800_000, 3_600_000, 5_400_000] },
    });
    expect((await api.ask(place)).body['schedules']).toHaveLength(1);
  });

  test('without a name is called by its times, without a zone goes by that of the machine', async () => {
    api = await startApi();
    await keepActive(api);
    expect((await create({ cron: '*/15 9-17 * * mon-fri', input: 1 })).body).toMatchObject({
      name: 'at-xper15-9to17-x-x-montofri',
      when: { zone: new Intl.DateTimeFormat('en').resolvedOptions().timeZone },
    });
    expect((await create({ everyMinutes: 5, input: 1 })).body).toMatchObject({ name: 'every-5-min' });
    const long = await create({ cron: '0,5,10,15,20,25,30 8,9,10,11 * * mon,tue,wed', input: 1 });
    expect(long).toMatchObject({ status: 400, body: { errors: [{ field: 'name' }] } });
  });

  test('without a name changes none of the same times in another zone', async () => {
    api = await startApi();
    await keepActive(api);
    const unnamed = { cron: '0 8 * * *', input: 1 };
    const berlin = await create({ ...unnamed, zone: 'Europe/Berlin' });
    expect(berlin).toMatchObject({ status: 201, body: { name: 'at-0-8-x-x-x' } });
    expect(await create({ ...unnamed, zone: 'America/New_York' })).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'name' }], detail: expect.stringContaining('Europe/Berlin') },
    });
    expect(await create({ ...unnamed, zone: 'Europe/Berlin', input: 2 })).toMatchObject({ status: 200 });
    const named = { ...unnamed, zone: 'America/New_York', name: 'at-0-8-x-x-x' };
    expect(await create(named)).toMatchObject({ status: 200, body: { when: { zone: 'America/New_York' } } });
  });

  test.each<[string, object, string]>([
    ['a cron line that is none', { ...morning, cron: '60 8 * * *' }, 'cron'],
    ['a zone nobody knows', { ...morning, zone: 'Nowhere/X' }, 'zone'],
    ['a zone with an interval', { name: 'a', everyMinutes: 5, zone: 'UTC', input: 1 }, 'zone'],
    ['both kinds of times', { ...morning, everyMinutes: 5 }, 'cron'],
    ['no times at all', { input: 1 }, 'cron'],
    ['half a minute', { everyMinutes: 0.5, input: 1 }, 'everyMinutes'],
    ['no minute', { everyMinutes: 0, input: 1 }, 'everyMinutes'],
    ['a name with a path', { ...morning, name: '../x' }, 'name'],
    ['a note of two lines', { ...morning, note: 'a\nb' }, 'note'],
    ['no input', { cron: '0 8 * * *' }, 'input'],
    ['a field nobody knows', { ...morning, when: 1 }, 'when'],
  ])('with %s is refused, and the field told', async (_what, body, field) => {
    api = await startApi();
    await keepActive(api);
    const answer = await create(body);
    expect(answer).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED', errors: [{ field }] } });
    expect((await api.ask(place)).body).toEqual({ schedules: [] });
  });

  test('tells an example with what is wrong in a cron line', async () => {
    api = await startApi();
    await keepActive(api);
    const { body } = await create({ ...morning, cron: '8 Uhr' });
    expect(body['detail']).toContain('"0 8 * * *" is every day at 8:00');
  });

  test('needs an active version that takes the input, and no lockdown', async () => {
    api = await startApi();
    expect((await create(morning)).status).toBe(404);
    expect((await api.ask(place)).status).toBe(404);
    await keepWaiting(api);
    expect(await create(morning)).toMatchObject({ status: 409, body: { code: 'SKILL_NOT_READY' } });
    await keepActive(api);
    expect(await create({ ...morning, input: 'text' })).toMatchObject({
      status: 400,
      body: { code: 'VALIDATION_FAILED', detail: expect.stringContaining('not a number') },
    });
    await api.lockdown.lock({ reason: 'test', by: 'owner', at: 1 });
    expect(await create(morning)).toMatchObject({ status: 423, body: { code: 'LOCKDOWN' } });
    expect(changes()).toEqual([]);
  });

  test('can be paused and removed in a lockdown, but not resumed', async () => {
    api = await startApi();
    await keepActive(api);
    await create(morning);
    await api.lockdown.lock({ reason: 'test', by: 'owner', at: 1 });
    expect(await post(`${place}/morning/pause`)).toMatchObject({ status: 200, body: { paused: true, next: [] } });
    expect(await post(`${place}/morning/pause`)).toMatchObject({ status: 200, body: { paused: true } });
    expect((await post(`${place}/morning/resume`)).status).toBe(423);
    await api.lockdown.unlock();
    expect(await post(`${place}/morning/resume`)).toMatchObject({ status: 200, body: { paused: false } });
    expect((await post(`${place}/other/pause`)).status).toBe(404);
    await api.lockdown.lock({ reason: 'test', by: 'owner', at: 1 });
    expect((await remove('morning')).status).toBe(204);
    expect(changes()).toEqual(['set', 'paused', 'resumed', 'removed']);
  });

  test('stays paused when it is changed', async () => {
    api = await startApi();
    await keepActive(api);
    await create(morning);
    await post(`${place}/morning/pause`);
    expect((await create({ ...morning, input: 22 })).body).toMatchObject({ paused: true });
  });

  test('that could not be set is not there; one that could not be changed is as before', async () => {
    const clock = createMemoryScheduleClock(() => 1000);
    let isAway = true;
    const scheduleClock = {
      ...clock,
      set: (schedule: Parameters<typeof clock.set>[0]) =>
        isAway ? Promise.reject(new TalosError('RUNTIME_UNAVAILABLE', 'away')) : clock.set(schedule),
    };
    api = await startApi({ deps: { scheduleClock } });
    await keepActive(api);
    expect((await create(morning)).status).toBe(503);
    expect(await api.schedules.list()).toEqual([]);
    isAway = false;
    await create(morning);
    isAway = true;
    expect((await create({ ...morning, cron: '0 9 * * *' })).status).toBe(503);
    expect(await api.schedules.list()).toMatchObject([{ when: { cron: '0 8 * * *' } }]);
  });

  test('shows what came of its times in words', async () => {
    api = await startApi();
    await keepActive(api);
    await create(morning);
    const run = { key: 'morning-1', dueAt: 900, endedAt: 901 };
    const ref = { skill: id, name: 'morning' };
    await api.schedules.end(ref, { ...run, state: 'skipped', reason: 'input-unfit', detail: 'rows: is gone' });
    expect((await api.ask(place)).body).toMatchObject({
      schedules: [
        {
          dueRuns: [
            { state: 'skipped', reason: 'input-unfit', why: 'the input no longer fits the skill: rows: is gone' },
          ],
        },
      ],
    });
  });
});
