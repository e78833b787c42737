import { afterEach, describe, expect, test } from 'vitest';

import { createMemoryNightRuns } from '../../../adapters/memory/night-runs.ts';
import { createMemoryNightRuntime } from '../../../adapters/memory/night-runtime.ts';
import type { NightRun } from '../../../domain/night/run.ts';
import { collect, open, right, startApi, type TestApi } from './support.ts';

let api: TestApi;
afterEach(() => api.close());

const place = '/admin/dream-cycle';
const post = (key?: string) =>
  api.ask(place, { method: 'POST', ...(key !== undefined && { headers: { 'idempotency-key': key } }) });

async function end(id: string, more: Partial<NightRun> = {}): Promise<void> {
  const run = await api.nightRuns.get(id);
  if (run === undefined) throw new Error('there is no such run');
  const { progress: _progress, ...rest } = run;
  await api.nightRuns.save({ ...rest, state: 'ran', endedAt: 2000, ...more });
}

describe('the dream cycle', () => {
  test('is begun, and found under its id', async () => {
    api = await startApi();
    const begun = await post();
    expect(begun).toMatchObject({ status: 202, body: { state: 'running', trigger: 'owner' } });
    const id = String(begun.body['id']);
    expect(begun.headers.location).toBe(`${place}/${id}`);
    expect(await api.ask(`${place}/${id}`)).toMatchObject({ status: 200, body: { id, state: 'running' } });
    await end(id);
    expect((await api.ask(`${place}/${id}`)).body).toMatchObject({ id, state: 'ran', endedAt: 2000 });
  });

  test('is the same run for the same key, and skipped for another while one goes on', async () => {
    api = await startApi();
    const first = await post('a');
    expect(await post('a')).toMatchObject({ status: 202, body: first.body });
    expect(await post('b')).toMatchObject({ status: 202, body: { state: 'skipped', reason: 'overlap' } });
    expect((await api.ask(place)).body).toMatchObject({ runs: [{ id: 'now-b' }, { id: 'now-a' }] });
  });

  test('tells when it is due, and what came of the last times', async () => {
    api = await startApi();
    const dayMs = 24 * 60 * 60 * 1000;
    const four = 4 * 60 * 60 * 1000;
    expect((await api.ask(place)).body).toEqual({
      when: { hour: 4, minute: 0, zone: 'UTC' },
      paused: false,
      next: [four, four + dayMs, four + 2 * dayMs],
      runs: [],
    });
  });

  test('is refused while Talos is locked down; it can still be looked at and ended', async () => {
    api = await startApi();
    await post('a');
    await api.lockdown.lock({ reason: 'test', by: 'owner', at: 1 });
    expect(await post('b')).toMatchObject({ status: 423, body: { code: 'LOCKDOWN' } });
    expect((await api.ask(`${place}/now-b`)).status).toBe(404);
    expect((await api.ask(`${place}/now-a`, { method: 'DELETE' })).status).toBe(202);
    expect((await api.ask(`${place}/now-a`)).body).toMatchObject({ state: 'failed', reason: 'cancelled' });
  });

  test('is refused to strangers and for keys and ids that are none', async () => {
    api = await startApi();
    expect((await api.call(place, { method: 'POST' })).status).toBe(401);
    expect((await api.call(place)).status).toBe(401);
    expect(await post('no/key')).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED' } });
    expect(await post('x'.repeat(65))).toMatchObject({ status: 400 });
    for (const id of ['now', 'due-2026', 'now-..%2f', `now-${'x'.repeat(65)}`]) {
      expect(await api.ask(`${place}/${id}`)).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED' } });
    }
    expect(await api.ask(`${place}/now-nobody/events`)).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
    expect((await api.ask(`${place}/now-nobody`, { method: 'DELETE' })).status).toBe(404);
  });

  test('has begun when its start is answered, so that it is listed', async () => {
    const nightRuns = createMemoryNightRuns();
    const runtime = createMemoryNightRuntime(nightRuns, () => 1000);
    const start = async (id: string) => void setImmediate(() => void runtime.start(id));
    const nightRuntime = { ...runtime, start };
    api = await startApi({ deps: { nightRuns, nightRuntime } });
    await post('a');
    expect((await api.ask(place)).body).toMatchObject({ runs: [{ id: 'now-a', state: 'running' }] });
  });

  test('is told as ended once its workflow has, which writes the report last', async () => {
    const nightRuns = createMemoryNightRuns();
    const runtime = createMemoryNightRuntime(nightRuns, () => 1000);
    const states = ['running', 'running', 'ended'] as const;
    let looks = 0;
    const state = async () => states[looks++] ?? 'ended';
    api = await startApi({ deps: { nightRuns, nightRuntime: { ...runtime, state } } });
    await post('a');
    const path = `${place}/now-a/events`;
    const events = collect(await open({ port: api.port, path, headers: { authorization: right } }));
    const run = await nightRuns.get('now-a');
    if (run === undefined) throw new Error('there is no such run');
    looks = 0;
    await nightRuns.save({ ...run, state: 'ran', endedAt: 1000 });
    expect((await events).map(({ data }) => (JSON.parse(data) as NightRun).state).at(-1)).toBe('ran');
    expect(looks).toBe(3);
  });

  test('is followed to its end; whoever comes later gets what it came to', async () => {
    api = await startApi();
    await post('a');
    const path = `${place}/now-a/events`;
    const response = await open({ port: api.port, path, headers: { authorization: right } });
    expect(response.headers['content-type']).toContain('text/event-stream');
    const events = collect(response);
    await api.nightRuns.tell('now-a', { phase: 'redis', line: 'half way' });
    await end('now-a', { phases: [{ phase: 'redis', state: 'done', ms: 5 }] });
    const nights = (await events).map(({ event, data }) => ({ event, night: JSON.parse(data) as NightRun }));
    expect(nights[0]).toMatchObject({ event: 'night', night: { id: 'now-a', state: 'running' } });
    expect(nights.at(-1)).toMatchObject({ event: 'night', night: { state: 'ran', phases: [{ state: 'done' }] } });
    const again = await collect(await open({ port: api.port, path, headers: { authorization: right } }));
    expect(again.map(({ data }) => (JSON.parse(data) as NightRun).state)).toEqual(['ran']);
  });
});
