import { afterEach, describe, expect, test } from 'vitest';

import { id, keepActive, keepWaiting } from './skill-support.ts';
import { runTo, type Running, startApi, type TestApi } from './support.ts';

let api: TestApi;
afterEach(() => api.close());

const failing = runTo({
  state: 'failed',
  verdict: 'timeout',
  blame: 'skill',
  error: { code: 'SKILL_FAILED', message: 'timeout: it took longer than 100 ms' },
});

/** Runs until it is stopped. */
const endless: Running = async ({ skillRuns }, ref, signal) => {
  await new Promise((resolve) => {
    signal.addEventListener('abort', resolve);
  });
  await skillRuns.settle(ref, { state: 'cancelled', egress: [], log: '', finishedAt: 2000 });
};

/** Is ended without a word to anybody. */
const terminated: Running = async (_skillTwins, _ref, signal) => {
  await new Promise((resolve) => {
    signal.addEventListener('abort', resolve);
  });
};

const run = (input: unknown, key?: string) =>
  api.ask(`/skills/${id}/runs`, { body: { input }, ...(key !== undefined && { headers: { 'idempotency-key': key } }) });
const retry = (key: string) => api.ask(`/skills/${id}/runs/${key}/retry`, { method: 'POST' });
const list = async (query = '') => (await api.ask(`/skills/${id}/runs${query}`)).body['runs'] as { key: string }[];

describe('a run', () => {
  test('answers with what came of it', async () => {
    api = await startApi();
    await keepActive(api);
    expect(await run(21, 'k')).toMatchObject({
      status: 200,
      body: {
        skill: id,
        key: 'k',
        state: 'ok',
        inputBy: 'person',
        output: 42,
        result: { verdict: 'ok', log: 'a line' },
      },
    });
    expect(api.skillRuntime.started()).toMatchObject([{ skill: id, key: 'k', priority: 1 }]);
    expect(JSON.stringify(api.skillRuntime.started())).not.toContain('21');
  });

  test('with the same key is the same run, with another input a conflict', async () => {
    api = await startApi();
    await keepActive(api);
    await run({ a: 1, b: 2 }, 'k');
    const again = await run({ b: 2, a: 1 }, 'k');
    expect(again).toMatchObject({ status: 200, headers: { 'idempotent-replay': 'true' }, body: { output: 42 } });
    expect(await run({ a: 1 }, 'k')).toMatchObject({ status: 409, body: { code: 'IDEMPOTENCY_CONFLICT' } });
    expect(api.skillRuntime.started()).toHaveLength(1);
  });

  test('that is over is told again with the same key, though its skill is out of use or nothing runs any more', async () => {
    api = await startApi({ running: failing });
    await keepActive(api);
    const first = await run(21, 'k');
    expect(first.body).toMatchObject({ code: 'SKILL_FAILED' });
    await api.skillRuntime.deprecate({ id, reason: 'three strikes', by: 'talos' });
    await api.lockdown.lock({ reason: 'test', by: 'owner', at: 1 });
    expect(await run(21, 'k')).toMatchObject({ status: first.status, headers: { 'idempotent-replay': 'true' } });
    expect(await run(22, 'k')).toMatchObject({ status: 423 });
    expect(await run(21, 'other')).toMatchObject({ status: 423 });
    expect(api.skillRuntime.started()).toHaveLength(1);
  });

  test('that takes longer than anybody waits is told with its place', async () => {
    api = await startApi({ running: endless, settings: { CHAT_WAIT_SECONDS: '1' } });
    await keepActive(api);
    const answer = await run(1, 'k');
    expect(answer).toMatchObject({
      status: 202,
      headers: { location: `/skills/${id}/runs/k`, 'retry-after': '2' },
      body: { state: 'pending' },
    });
    expect((await api.ask(`/skills/${id}/runs/k`)).body).toMatchObject({ state: 'pending', input: 1 });
    await api.skillRuntime.cancelRun({ skill: id, key: 'k' });
    expect(await run(1, 'k')).toMatchObject({ status: 409, body: { code: 'RUN_STOPPED', run: `${id}.k` } });
  });

  test('whose workflow was ended from outside is over, and can be retried', async () => {
    api = await startApi({ running: terminated, settings: { CHAT_WAIT_SECONDS: '1' } });
    await keepActive(api);
    expect(await run(1, 'k')).toMatchObject({ status: 202, body: { state: 'pending' } });
    await api.skillRuntime.cancelRun({ skill: id, key: 'k' });
    api.skillRuntime.refuse(true);
    expect((await api.ask(`/skills/${id}/runs/k`)).body).toMatchObject({ state: 'pending' });
    api.skillRuntime.refuse(false);
    expect((await api.ask(`/skills/${id}/runs/k`)).body).toMatchObject({
      state: 'cancelled',
      result: { blame: 'environment', error: { code: 'RUN_STOPPED' } },
    });
    expect(await run(1, 'k')).toMatchObject({ status: 409, body: { code: 'RUN_STOPPED' } });
    expect(await retry('k')).toMatchObject({ status: 202, body: { retryOf: 'k' } });
  });

  test('that fails is a problem with its verdict, and kept', async () => {
    api = await startApi({ running: failing });
    await keepActive(api);
    const answer = await run(1, 'k');
    expect(answer).toMatchObject({ status: 422, body: { code: 'SKILL_FAILED', run: `${id}.k` } });
    expect(answer.body['detail']).toContain('timeout');
    expect((await api.ask(`/skills/${id}/runs/k`)).body).toMatchObject({
      state: 'failed',
      result: { verdict: 'timeout', blame: 'skill' },
    });
  });

  test('whose input fits no schema is the fault of the input', async () => {
    const error = { code: 'VALIDATION_FAILED', message: 'The input does not fit' } as const;
    api = await startApi({ running: runTo({ state: 'failed', blame: 'input', error }) });
    await keepActive(api);
    expect(await run('x')).toMatchObject({
      status: 400,
      body: { code: 'VALIDATION_FAILED', errors: [{ field: 'input', problem: error.message }] },
    });
  });

  test('needs an active version and no lockdown', async () => {
    api = await startApi();
    await keepWaiting(api);
    expect(await run(1)).toMatchObject({ status: 409, body: { code: 'SKILL_NOT_READY' } });
    await api.lockdown.lock({ reason: 'test', by: 'owner', at: 1 });
    expect(await run(1)).toMatchObject({ status: 423, body: { code: 'LOCKDOWN' } });
    expect(api.skillRuntime.started()).toEqual([]);
  });

  test('may be asked for again with the same key when it could not be started', async () => {
    api = await startApi();
    await keepActive(api);
    api.skillRuntime.refuse(true);
    expect(await run(1, 'k')).toMatchObject({ status: 503, body: { code: 'RUNTIME_UNAVAILABLE' } });
    api.skillRuntime.refuse(false);
    expect(await run(1, 'k')).toMatchObject({ status: 200, body: { output: 42 } });
  });

  test('that could not be started is named at once, and begins when it is looked at', async () => {
    api = await startApi();
    await keepActive(api);
    api.skillRuntime.refuse(true);
    const { status, body } = await run(1);
    expect({ status, body }).toMatchObject({ status: 503, body: { code: 'RUNTIME_UNAVAILABLE' } });
    const [, key = ''] = String(body['run']).split('.');
    expect((await api.ask(`/skills/${id}/runs/${key}`)).body).toMatchObject({ state: 'pending' });
    api.skillRuntime.refuse(false);
    await api.ask(`/skills/${id}/runs/${key}`);
    expect(api.skillRuntime.started()).toMatchObject([{ skill: id, key, priority: 1 }]);
    await expect.poll(async () => (await api.ask(`/skills/${id}/runs/${key}`)).body['output']).toBe(42);
  });

  test.each(['model', 'schedule', 'case'] as const)(
    'by a %s is not started by whoever looks at it',
    async (inputBy) => {
      api = await startApi();
      await keepActive(api);
      await api.skillRuns.accept({ skill: id, key: 'k', input: 1, inputHash: 'h', inputBy, createdAt: 1 });
      expect((await api.ask(`/skills/${id}/runs/k`)).body).toMatchObject({ state: 'pending' });
      expect(api.skillRuntime.started()).toEqual([]);
    },
  );

  test.each(['{"input":1', '{"input":{"__proto__":{"x":1}}}', `{"input":${'['.repeat(5000)}${']'.repeat(5000)}}`])(
    'takes no body such as %.40s',
    async (body) => {
      api = await startApi();
      await keepActive(api);
      const answer = await api.ask(`/skills/${id}/runs`, { body, headers: { 'content-type': 'application/json' } });
      expect(answer).toMatchObject({ status: 400, body: { code: 'BODY_NOT_JSON' } });
      expect(api.skillRuntime.started()).toEqual([]);
    },
  );

  test.each(['../x', 'a b', '', 'x'.repeat(65)])('has no key such as %j', async (key) => {
    api = await startApi();
    await keepActive(api);
    expect(await run(1, key)).toMatchObject({ status: 400, body: { errors: [{ field: 'Idempotency-Key' }] } });
    expect((await api.ask(`/skills/${id}/runs/${encodeURIComponent(key || '.')}`)).status).not.toBe(200);
  });
});

describe('runs', () => {
  test('are listed, the newest first, without what went in and came out', async () => {
    api = await startApi();
    await keepActive(api);
    for (const key of ['one', 'two', 'three']) await run(1, key);
    const runs = await list('?limit=2');
    expect(runs.map(({ key }) => key)).toEqual(['three', 'two']);
    expect(runs[0]).not.toHaveProperty('input');
    expect(runs[0]).not.toHaveProperty('output');
    expect((await list('?offset=2')).map(({ key }) => key)).toEqual(['one']);
    expect(await list('?failed=true')).toEqual([]);
  });

  test('that failed can be listed alone and run again', async () => {
    const verdicts = [failing, runTo({ state: 'ok', verdict: 'ok' }, 7)];
    api = await startApi({ running: (...all) => (verdicts.shift() ?? failing)(...all) });
    await keepActive(api);
    await run(3, 'k');
    expect((await list('?failed=true')).map(({ key }) => key)).toEqual(['k']);
    expect(await retry('k')).toMatchObject({ status: 200, body: { retryOf: 'k', input: 3, output: 7, state: 'ok' } });
  });

  test('that did not fail are not run again', async () => {
    api = await startApi();
    await keepActive(api);
    await run(3, 'k');
    expect(await retry('k')).toMatchObject({ status: 409, body: { code: 'SKILL_NOT_READY' } });
    expect(await retry('unknown')).toMatchObject({ status: 404 });
    expect(api.skillRuntime.started()).toHaveLength(1);
  });

  test.each(['failed=perhaps', 'limit=0', 'limit=201', 'x=1'])('are not listed by %s', async (query) => {
    api = await startApi();
    await keepActive(api);
    expect((await api.ask(`/skills/${id}/runs?${query}`)).status).toBe(400);
  });
});
