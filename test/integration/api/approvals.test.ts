import { afterEach, describe, expect, test } from 'vitest';

import { TalosError } from '../../../domain/errors.ts';
import { type Answer, startApi, type TestApi } from './support.ts';

let api: TestApi;
afterEach(() => api.close());

async function startLocked(deps: Parameters<typeof startApi>[0] = {}): Promise<void> {
  api = await startApi(deps);
  await api.lockdown.lock({ reason: 'test', by: 'owner', at: 1 });
}

const askCode = () => api.ask('/panic/unlock/code', { method: 'POST' });
const unlock = (code: unknown) => api.ask('/panic/unlock', { body: { code } });
const readCode = (answer: Answer) => (answer.body as { codes: { code: string }[] }).codes.at(-1)?.code ?? '';
const code = async () => readCode(await api.own('/codes'));
const wrong = (right: string) => String((Number(right) + 1) % 10_000).padStart(4, '0');
const types = () => api.audit.events().map(({ type }) => type);

describe('lifting a lockdown from afar', () => {
  test('takes a code that the host alone shows', async () => {
    await startLocked();
    const asked = await askCode();
    expect(asked).toMatchObject({ status: 202, body: { id: expect.any(String), expiresAt: 301_000 } });
    expect(await unlock(await code())).toMatchObject({ status: 200, body: { locked: false } });
    expect(await api.lockdown.state()).toEqual({ locked: false });
    expect(types()).toEqual(['approval-requested', 'approval-accepted', 'lockdown-lifted']);
    expect(api.audit.events()[2]).toMatchObject({ actor: 'admin', details: { approval: asked.body['id'] } });
  });

  test('is refused for a wrong code, a used one and none at all', async () => {
    await startLocked();
    expect(await unlock('1234')).toMatchObject({ status: 403, body: { code: 'APPROVAL_REFUSED' } });
    await askCode();
    const right = await code();
    const refused = await unlock(wrong(right));
    expect(refused).toMatchObject({ status: 403, body: { code: 'APPROVAL_REFUSED' } });
    expect(refused.body['detail']).toContain('4 guesses are left');
    await unlock(right);
    await api.lockdown.lock({ reason: 'again', by: 'owner', at: 2 });
    expect((await unlock(right)).status).toBe(403);
    expect(await api.lockdown.state()).toMatchObject({ locked: true });
  });

  test('is refused with a code for an earlier lockdown', async () => {
    await startLocked();
    await askCode();
    const earlier = await code();
    await api.lockdown.unlock();
    await api.lockdown.lock({ reason: 'test', by: 'owner', at: 2 });
    expect((await unlock(earlier)).status).toBe(403);
    expect(await api.lockdown.state()).toMatchObject({ locked: true });
  });

  test('is locked out after five wrong codes, also for the right one and for new ones', async () => {
    await startLocked();
    await askCode();
    const right = await code();
    for (let guess = 0; guess < 5; guess += 1) await unlock(wrong(right));
    const answer = await unlock(right);
    expect(answer).toMatchObject({ status: 429, body: { code: 'APPROVAL_LOCKED' }, headers: { 'retry-after': '600' } });
    expect((await askCode()).status).toBe(429);
    expect(await code()).toBe('');
    expect(types().filter((type) => type === 'approval-refused')).toHaveLength(6);
  });

  test.each([undefined, 1234, null, {}, ['1234'], ''])(
    'takes no body such as {"code": %j} for a code',
    async (text) => {
      await startLocked();
      await askCode();
      expect([400, 403]).toContain((await unlock(text)).status);
      expect(await api.lockdown.state()).toMatchObject({ locked: true });
    },
  );

  test('takes a guess that is not ASCII, or very long, as just wrong', async () => {
    await startLocked();
    await askCode();
    for (const text of ['１２３４', 'ü', '\u0000', '9'.repeat(100_000)]) {
      expect(await unlock(text)).toMatchObject({ status: 403, body: { code: 'APPROVAL_REFUSED' } });
    }
    expect((await unlock(await code())).status).toBe(200);
  });

  test('needs no code over the socket of the owner', async () => {
    await startLocked();
    expect(await api.own('/panic/unlock', { method: 'POST' })).toMatchObject({ status: 200, body: { locked: false } });
    expect(types()).toEqual(['lockdown-lifted']);
  });

  test('needs to be signed in', async () => {
    await startLocked();
    for (const path of ['/panic/unlock', '/panic/unlock/code']) {
      expect((await api.call(path, { body: { code: '1234' } })).status).toBe(401);
    }
    expect(types()).not.toContain('approval-requested');
  });

  test('does not happen when it cannot be recorded', async () => {
    await startLocked();
    await askCode();
    const right = await code();
    api.audit.refuse(true);
    expect((await unlock(right)).status).toBe(507);
    expect((await askCode()).status).toBe(507);
    expect(await api.lockdown.state()).toMatchObject({ locked: true });
  });

  test('has nothing to do when nothing is locked', async () => {
    api = await startApi();
    expect(await askCode()).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
    expect(await unlock('1234')).toMatchObject({ status: 200, body: { locked: false } });
    expect(types()).toEqual([]);
  });

  test('works with Temporal away', async () => {
    const endLockdown = () => Promise.reject(new TalosError('RUNTIME_UNAVAILABLE', 'away'));
    await startLocked();
    Object.assign(api.runtime, { endLockdown });
    await askCode();
    expect((await unlock(await code())).status).toBe(200);
    expect(await api.lockdown.state()).toEqual({ locked: false });
  });
});

describe('codes', () => {
  test('are shown to the owner alone', async () => {
    await startLocked();
    await askCode();
    expect(await code()).toMatch(/^\d{4}$/);
    expect(await api.ask('/codes')).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
    expect((await api.call('/codes')).status).toBe(401);
  });

  test('are listed as open requests, without the codes, for who is signed in', async () => {
    await startLocked();
    const { body } = await askCode();
    const right = await code();
    const listed = await api.ask('/approvals');
    const open = { action: 'lockdown-unlock', subject: 'lockdown', id: body['id'], issuedAt: 1000 };
    expect(listed.body).toMatchObject({ approvals: [open] });
    expect(listed.text).not.toContain(`"${right}"`);
    await unlock(right);
    expect((await api.ask('/approvals')).body).toEqual({ approvals: [], calls: [], clouds: [] });
    expect((await api.own('/codes')).body).toEqual({ codes: [] });
  });

  test('are in no reply, log line or audit entry', async () => {
    const codes: string[] = [];
    const places: string[][] = [];
    await startLocked();
    for (let round = 0; round < 3; round += 1) {
      const asked = await askCode();
      const right = await code();
      const said = [asked, await api.ask('/approvals'), await api.ask('/codes'), await unlock(wrong(right))];
      codes.push(right);
      places.push(
        [...said, await unlock(right), await unlock(right)].map(({ text, headers }) => text + JSON.stringify(headers)),
      );
      await api.lockdown.lock({ reason: 'test', by: 'owner', at: round + 2 });
    }
    const records = JSON.stringify([api.logged, api.audit.events()]);
    // A code may be met by chance among other digits; one that leaks is met every time.
    expect(codes.every((right) => mentions(records, right))).toBe(false);
    for (const index of places[0]?.keys() ?? []) {
      expect(
        codes.every((right, round) => mentions(places[round]?.[index] ?? '', right)),
        `reply ${index}`,
      ).toBe(false);
    }
  });
});

function mentions(text: string, right: string): boolean {
  return new RegExp(`(?<![0-9a-f-])${right}(?![0-9a-f])`).test(text);
}
