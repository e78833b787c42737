import { afterEach, describe, expect, test } from 'vitest';

import { TalosError } from '../../../domain/errors.ts';
import { startApi, type TestApi, untilStopped } from './support.ts';

let api: TestApi;
afterEach(() => api.close());

describe('POST /panic', () => {
  const entries = () => api.audit.events().filter(({ type }) => type === 'lockdown-set');

  test('locks, stops what runs, starts the lockdown and writes it down', async () => {
    api = await startApi({ answering: untilStopped, settings: { CHAT_WAIT_SECONDS: '0' } });
    await api.say('hi', { conversation: 'c', key: 'k' });
    const { status, body } = await api.ask('/panic', { body: { reason: 'it mails strangers' } });
    expect(status).toBe(200);
    expect(body).toEqual({ locked: true, stopped: 1, recorded: true, how: expect.stringContaining('talos unlock') });
    const state = { locked: true, reason: 'it mails strangers', by: 'admin', at: 1000 };
    expect(await api.lockdown.state()).toEqual(state);
    expect((await api.ask('/panic')).body).toEqual(state);
    expect(api.runtime.lockdown()).toEqual({ reason: 'it mails strangers', by: 'admin' });
    expect(entries()).toEqual([
      { type: 'lockdown-set', actor: 'admin', details: { via: 'api', reason: 'it mails strangers' } },
    ]);
    expect((await api.ask('/chat/c.k')).body).toMatchObject({ state: 'stopped' });
  });

  test.each([
    [undefined, {}],
    ['', {}],
    ['', { 'content-type': 'application/json' }],
    ['{', { 'content-type': 'application/json' }],
    ['reason=x', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['{"reason":7}', { 'content-type': 'application/json' }],
    ['[]', {}],
    ['{"tts_code":"1234"}', { 'content-type': 'text/plain' }],
    ['x'.repeat(300_000), { 'content-type': 'application/json' }],
    [Buffer.from([0xff, 0xfe]), { 'content-type': 'application/json; charset=latin1' }],
    ['x', { 'content-encoding': 'gzip' }],
  ])('locks whatever the body: %#', async (body, headers) => {
    api = await startApi();
    expect(await api.ask('/panic', { method: 'POST', body, headers: headers as Record<string, string> })).toMatchObject(
      { status: 200 },
    );
    expect(await api.lockdown.state()).toMatchObject({ locked: true, reason: 'asked for over the API' });
  });

  test('takes a reason as plain text of moderate length', async () => {
    api = await startApi();
    await api.own('/panic', { body: { reason: `a\u001b[2J\u0000b\ud800${'x'.repeat(2000)}` } });
    const state = await api.lockdown.state();
    const reason = state.locked ? state.reason : '';
    expect(reason).toMatch(/^a \[2J b\ufffdx+$/);
    expect(reason).toHaveLength(500);
    expect(state).toMatchObject({ by: 'owner' });
  });

  test('locks with Temporal and the audit log away, and says what is missing', async () => {
    api = await startApi();
    api.runtime.refuse(true);
    api.audit.refuse(true);
    expect((await api.ask('/panic', { method: 'POST' })).body).toMatchObject({
      locked: true,
      stopped: null,
      recorded: false,
    });
    expect(await api.lockdown.state()).toMatchObject({ locked: true });
    api.runtime.refuse(false);
  });

  test('stops what runs even where the lock cannot be kept, and then says so', async () => {
    const fail = () => Promise.reject(new TalosError('STORE_UNAVAILABLE', 'The lockdown cannot be written.'));
    api = await startApi({
      answering: untilStopped,
      settings: { CHAT_WAIT_SECONDS: '0' },
      deps: { lockdown: { state: fail, lock: fail, unlock: fail } },
    });
    await api.say('hi', { conversation: 'c', key: 'k' });
    expect((await api.ask('/panic', { method: 'POST' })).body).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect((await api.ask('/chat/c.k')).body).toMatchObject({ state: 'stopped' });
    expect((await api.ask('/panic')).status).toBe(503);
    expect(api.runtime.lockdown()).toBeUndefined();
  });

  test('twice keeps the first reason', async () => {
    api = await startApi();
    await api.ask('/panic', { body: { reason: 'first' } });
    expect((await api.ask('/panic', { body: { reason: 'second' } })).status).toBe(200);
    expect((await api.ask('/panic')).body).toMatchObject({ reason: 'first' });
    expect(entries()).toHaveLength(2);
  });

  test('is not undone over the API without a code', async () => {
    api = await startApi();
    await api.ask('/panic', { method: 'POST' });
    for (const method of ['POST', 'DELETE']) {
      for (const body of [{ tts_code: '1234' }, { code: '0000' }, undefined]) {
        await api.ask('/panic/unlock', { method, body });
      }
      await api.own('/panic', { method: 'DELETE' });
    }
    expect(await api.lockdown.state()).toMatchObject({ locked: true });
  });
});
