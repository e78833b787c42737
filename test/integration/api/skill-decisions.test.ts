import { afterEach, describe, expect, test } from 'vitest';

import { hashOf } from '../../unit/domain/skills/build.ts';
import { id, keepActive, keepVersion, keepWaiting } from './skill-support.ts';
import { type Answer, startApi, type TestApi } from './support.ts';

let api: TestApi;
afterEach(() => api.close());

const askCode = (body?: object) => api.ask(`/skills/${id}/tts-request`, { method: 'POST', ...(body && { body }) });
const promote = (body: object) => api.ask(`/skills/${id}/promote`, { body });
const codesIn = (answer: Answer) => (answer.body as { codes: { code: string }[] }).codes;
const readCode = async () => codesIn(await api.own('/codes')).at(-1)?.code ?? '';
const wrong = (right: string) => String((Number(right) + 1) % 10_000).padStart(4, '0');
const types = () => api.audit.events().map(({ type }) => type);
const state = async () => (await api.catalog.get(id))?.active?.state ?? (await api.catalog.get(id))?.candidate?.state;
const harmful = { cases: 4, withSkill: 1, withoutSkill: 3, model: 'm' };

describe('promotion', () => {
  test('takes a code that the host alone shows, once', async () => {
    api = await startApi();
    await keepWaiting(api);
    const asked = await askCode();
    expect(asked).toMatchObject({ status: 202, body: { id: expect.any(String), expiresAt: 301_000 } });
    const code = await readCode();
    expect(await promote({ tts_code: code })).toMatchObject({ status: 200, body: { active: { hash: hashOf('a') } } });
    expect(api.skillRuntime.approvals()).toMatchObject([
      { id, hash: hashOf('a'), by: 'admin', approval: asked.body['id'] },
    ]);
    expect(types()).toEqual(['approval-requested', 'approval-accepted']);
    expect(await promote({ tts_code: code })).toMatchObject({ status: 409, body: { code: 'SKILL_NOT_READY' } });
  });

  test('never puts the code into a reply, an error, a log or the audit', async () => {
    api = await startApi();
    await keepWaiting(api);
    const asked = await askCode();
    const code = await readCode();
    const refused = await promote({ tts_code: wrong(code) });
    const done = await promote({ tts_code: code });
    const { id: _id, ...told } = asked.body; // random digits of the id may hold it by chance
    const said = [JSON.stringify(told), refused.text, JSON.stringify(api.logged)];
    for (const text of said) expect(text).not.toContain(code);
    expect(JSON.stringify(api.audit.events().map(({ details }) => Object.values(details ?? {})))).not.toContain(
      `"${code}"`,
    );
    expect(done.text).not.toContain(`"${code}"`);
  });

  test('is refused with a wrong code, with what is left, and locked after five', async () => {
    api = await startApi();
    await keepWaiting(api);
    await askCode();
    const code = await readCode();
    const refused = await promote({ tts_code: wrong(code) });
    expect(refused).toMatchObject({ status: 403, body: { code: 'APPROVAL_REFUSED' } });
    expect(refused.body['detail']).toContain('4 guesses are left');
    for (let guess = 0; guess < 4; guess += 1) await promote({ tts_code: wrong(code) });
    expect(await promote({ tts_code: code })).toMatchObject({ status: 429, body: { code: 'APPROVAL_LOCKED' } });
    expect((await askCode()).status).toBe(429);
    expect(await state()).toBe('awaiting-approval');
  });

  test('is refused with a code that expired', async () => {
    let at = 1000;
    api = await startApi({ deps: { now: () => at } });
    await keepWaiting(api);
    await askCode();
    const code = await readCode();
    at += 5 * 60_000 + 1;
    expect(await promote({ tts_code: code })).toMatchObject({ status: 403, body: { code: 'APPROVAL_REFUSED' } });
    expect(await state()).toBe('awaiting-approval');
  });

  test('is refused with a code for another version', async () => {
    api = await startApi();
    await keepWaiting(api);
    await askCode();
    const code = await readCode();
    const life = await keepActive(api, { revision: true });
    await api.catalog.put({ ...life, changes: life.changes + 100 });
    expect(await promote({ tts_code: code })).toMatchObject({ status: 403, body: { code: 'APPROVAL_REFUSED' } });
    expect(api.skillRuntime.approvals()).toEqual([]);
  });

  test('is refused for another version than the one that was looked at', async () => {
    api = await startApi();
    await keepWaiting(api);
    const hash = hashOf('c');
    expect(await askCode({ hash })).toMatchObject({ status: 409, body: { code: 'SKILL_CHANGED' } });
    await askCode({ hash: hashOf('a') });
    const code = await readCode();
    expect(await promote({ tts_code: code, hash })).toMatchObject({ status: 409, body: { code: 'SKILL_CHANGED' } });
    expect((await promote({ tts_code: code, hash: hashOf('a') })).status).toBe(200);
  });

  test('of what did worse than the model alone is refused before the code is used up, and taken with a reason', async () => {
    api = await startApi();
    await keepWaiting(api, { benefit: harmful });
    await askCode();
    const code = await readCode();
    const refused = await promote({ tts_code: code });
    expect(refused).toMatchObject({ status: 409, body: { code: 'SKILL_NOT_READY' } });
    expect(refused.body['detail']).toContain('did worse than the model alone');
    expect(await promote({ tts_code: code, override: ' ' })).toMatchObject({ status: 400 });
    const done = await promote({ tts_code: code, override: 'it is quicker' });
    expect(done.status).toBe(200);
    expect(api.skillRuntime.approvals()).toMatchObject([{ override: 'it is quicker' }]);
  });

  test('of what turns out to do worse after the code was taken is refused with what to do, and goes on with a new code', async () => {
    api = await startApi();
    await keepWaiting(api);
    await askCode();
    const runtime = { ...api.skillRuntime };
    api.skillRuntime.approve = async (order) => {
      Object.assign(api.skillRuntime, runtime);
      await keepWaiting(api, { benefit: harmful }); // measured at this moment
      return runtime.approve(order);
    };
    const refused = await promote({ tts_code: await readCode() });
    expect(refused).toMatchObject({ status: 409, body: { code: 'SKILL_NOT_READY' } });
    expect(refused.body['detail']).toContain(`talos skills approve ${id} --override`);
    expect(await state()).toBe('awaiting-approval');
    expect((await askCode()).status).toBe(202);
    const done = await promote({ tts_code: await readCode(), override: 'it is quicker' });
    expect(done).toMatchObject({ status: 200, body: { active: { hash: hashOf('a') } } });
    expect(api.skillRuntime.approvals()).toMatchObject([{ override: 'it is quicker' }]);
  });

  test('of changed files is refused before the code is used up', async () => {
    api = await startApi();
    await keepWaiting(api);
    await askCode();
    const code = await readCode();
    api.skills.tamper(hashOf('a'));
    expect(await promote({ tts_code: code })).toMatchObject({ status: 409, body: { code: 'SKILL_CHANGED' } });
    expect((await askCode()).body).toMatchObject({ code: 'SKILL_CHANGED' });
    expect(types()).toEqual(['approval-requested']);
  });

  test('uses up no code while Temporal is away', async () => {
    api = await startApi();
    await keepWaiting(api);
    await askCode();
    const code = await readCode();
    api.skillRuntime.refuse(true);
    expect(await promote({ tts_code: code })).toMatchObject({ status: 503, body: { code: 'RUNTIME_UNAVAILABLE' } });
    api.skillRuntime.refuse(false);
    expect((await promote({ tts_code: code })).status).toBe(200);
  });

  test('of two at once happens once', async () => {
    api = await startApi();
    await keepWaiting(api);
    await askCode();
    const code = await readCode();
    const answers = await Promise.all([promote({ tts_code: code }), promote({ tts_code: code })]);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(api.skillRuntime.approvals()).toHaveLength(1);
  });

  test('needs a version that waits', async () => {
    api = await startApi();
    expect(await askCode()).toMatchObject({ status: 404 });
    expect(await promote({ tts_code: '1234' })).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
    await keepActive(api);
    expect((await askCode()).body).toMatchObject({ status: 409, code: 'SKILL_NOT_READY' });
    expect(types()).toEqual([]);
  });

  test.each([{}, { tts_code: 1234 }, { tts_code: '1234', hash: 'x' }, { code: '1234' }])(
    'takes no body such as %j',
    async (body) => {
      api = await startApi();
      await keepWaiting(api);
      expect(await promote(body)).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED' } });
    },
  );

  test('is refused in a lockdown, as is asking for a code', async () => {
    api = await startApi();
    await keepWaiting(api);
    await askCode();
    const code = await readCode();
    await api.lockdown.lock({ reason: 'test', by: 'owner', at: 1 });
    expect((await askCode()).status).toBe(423);
    expect((await promote({ tts_code: code })).status).toBe(423);
    expect(await state()).toBe('awaiting-approval');
  });

  test('needs a code over the socket of the owner, too', async () => {
    api = await startApi();
    await keepWaiting(api);
    expect((await api.own(`/skills/${id}/promote`, { body: { tts_code: '' } })).status).toBe(403);
    expect(await state()).toBe('awaiting-approval');
  });
});

describe('other decisions', () => {
  test('a version under test is rejected with a reason', async () => {
    api = await startApi();
    await keepWaiting(api);
    const answer = await api.ask(`/skills/${id}/reject`, { body: { reason: 'too broad' } });
    expect(answer).toMatchObject({ status: 200, body: { past: [{ state: 'rejected', reason: 'too broad' }] } });
    expect((await api.ask(`/skills/${id}/reject`, { body: { reason: 'again' } })).status).toBe(409);
  });

  test.each([{}, { reason: '' }, { reason: 'a\nb' }, { reason: '\u001b[2J' }, { reason: 'x'.repeat(501) }])(
    'a rejection takes no body such as %j',
    async (body) => {
      api = await startApi();
      await keepWaiting(api);
      expect((await api.ask(`/skills/${id}/reject`, { body })).status).toBe(400);
      expect(await state()).toBe('awaiting-approval');
    },
  );

  test('an active version is deprecated, also in a lockdown', async () => {
    api = await startApi();
    await keepActive(api);
    await api.lockdown.lock({ reason: 'test', by: 'owner', at: 1 });
    const answer = await api.ask(`/skills/${id}?reason=no%20longer%20needed`, { method: 'DELETE' });
    expect(answer).toMatchObject({
      status: 200,
      body: { past: [{ state: 'deprecated', reason: 'no longer needed' }] },
    });
    expect((await api.ask(`/skills/${id}`, { method: 'DELETE' })).status).toBe(409);
  });

  test('a version that was looked at is ended, and no other that came meanwhile', async () => {
    api = await startApi();
    await keepActive(api);
    const end = (hash: string) => api.ask(`/skills/${id}?hash=${hash}`, { method: 'DELETE' });
    expect(await end(hashOf('f'))).toMatchObject({ status: 409, body: { code: 'SKILL_CHANGED' } });
    expect((await end('no-hash')).status).toBe(400);
    expect(await end(hashOf('a'))).toMatchObject({ status: 200, body: { past: [{ hash: hashOf('a') }] } });
  });

  test('a former version is put into quarantine again, but not in a lockdown', async () => {
    api = await startApi();
    await keepActive(api);
    await api.ask(`/skills/${id}`, { method: 'DELETE' });
    const restore = (hash: string) => api.ask(`/skills/${id}/restore`, { body: { hash, reason: 'needed again' } });
    expect((await restore(hashOf('f'))).status).toBe(404);
    await api.lockdown.lock({ reason: 'test', by: 'owner', at: 1 });
    expect((await restore(hashOf('a'))).status).toBe(423);
    await api.lockdown.unlock();
    expect(await restore(hashOf('a'))).toMatchObject({ status: 200, body: { candidate: { state: 'quarantined' } } });
  });

  test('of a skill that does not exist are not found', async () => {
    api = await startApi();
    const reason = 'x';
    const calls = [
      api.ask('/skills/nobody', { method: 'DELETE' }),
      api.ask('/skills/nobody/reject', { body: { reason } }),
      api.ask('/skills/nobody/restore', { body: { reason, hash: hashOf('a') } }),
      api.ask('/skills/nobody/eval', { method: 'POST' }),
    ];
    for (const answer of await Promise.all(calls)) expect(answer).toMatchObject({ status: 404 });
  });
});

describe('an evaluation', () => {
  const evaluate = (headers = {}) => api.ask(`/skills/${id}/eval`, { method: 'POST', headers });

  test('tells how the cases came out with the skill and without', async () => {
    api = await startApi({ measure: async () => ({ state: 'measured', benefit: harmful }) });
    await keepWaiting(api);
    expect(await evaluate()).toMatchObject({
      status: 200,
      body: { skill: id, hash: hashOf('a'), state: 'measured', benefit: harmful },
    });
  });

  test('that goes on is told with 202, and one without a model without figures', async () => {
    api = await startApi({ measure: async () => ({ state: 'pending' }) });
    await keepWaiting(api);
    expect(await evaluate({ 'idempotency-key': 'k' })).toMatchObject({ status: 202, body: { state: 'pending' } });
    await api.close();
    api = await startApi();
    await keepWaiting(api);
    expect((await evaluate()).body).toEqual({ skill: id, hash: hashOf('a'), state: 'measured' });
  });

  test('is refused in a lockdown and for a skill without a version', async () => {
    api = await startApi();
    await keepVersion(api, 'a');
    await api.catalog.put({ id, past: [], changes: 0 });
    expect((await evaluate()).status).toBe(409);
    await api.lockdown.lock({ reason: 'test', by: 'owner', at: 1 });
    expect((await evaluate()).status).toBe(423);
  });
});
