import { afterEach, describe, expect, test } from 'vitest';

import { startApi, type TestApi } from './support.ts';

let api: TestApi;
afterEach(() => api.close());

const wish = 'Make a skill that shouts a text';
const draft = (request: unknown, key?: string) =>
  api.ask('/skills/drafts', { body: { request }, ...(key !== undefined && { headers: { 'idempotency-key': key } }) });
const look = (key: string) => api.ask(`/skills/drafts/${key}`);

describe('a draft', () => {
  test('is begun once for each key, and told where it stands', async () => {
    api = await startApi();
    expect(await draft(wish, 'k')).toMatchObject({
      status: 202,
      headers: { location: '/skills/drafts/k' },
      body: { key: 'k', request: wish, state: 'writing' },
    });
    expect(await draft(wish, 'k')).toMatchObject({ status: 202 });
    expect(await draft('Make a skill that whispers', 'k')).toMatchObject({
      status: 409,
      body: { code: 'IDEMPOTENCY_CONFLICT' },
    });
    expect(api.skillRuntime.drafts()).toEqual(['k']);
    expect((await look('k')).body).toMatchObject({ key: 'k', state: 'writing' });
    expect(await look('unknown')).toMatchObject({ status: 404 });
  });

  test('that could not be started is named at once, and begins when it is looked at', async () => {
    api = await startApi();
    api.skillRuntime.refuse(true);
    const { status, body } = await draft(wish);
    expect({ status, body }).toMatchObject({ status: 503, body: { code: 'RUNTIME_UNAVAILABLE' } });
    const key = String(body['draft']);
    expect((await look(key)).body).toMatchObject({ state: 'writing' });
    expect(api.skillRuntime.drafts()).toEqual([]);
    api.skillRuntime.refuse(false);
    expect((await look(key)).body).toMatchObject({ state: 'writing' });
    expect(api.skillRuntime.drafts()).toEqual([key]);
  });

  test.each(['chat', 'talos'])('begun by %s is left to whoever begins it', async (by) => {
    api = await startApi();
    await api.drafts.begin({ key: 'k', request: wish, by, createdAt: 1 });
    expect((await look('k')).body).toMatchObject({ state: 'writing' });
    expect(api.skillRuntime.drafts()).toEqual([]);
  });

  test('whose workflow was ended from outside has failed', async () => {
    api = await startApi();
    await draft(wish, 'k');
    api.skillRuntime.endDrafts();
    const problem = expect.stringContaining('ended from outside');
    expect((await look('k')).body).toMatchObject({ state: 'failed', problem });
    expect(await api.drafts.get('k')).toMatchObject({ state: 'failed' });
  });

  test('is refused in a lockdown, and for a wish that says nothing', async () => {
    api = await startApi();
    expect(await draft('  ')).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED' } });
    await api.lockdown.lock({ reason: 'test', by: 'owner', at: 1 });
    expect(await draft(wish)).toMatchObject({ status: 423 });
    expect(api.skillRuntime.drafts()).toEqual([]);
  });
});
