import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { AwaitedCloud } from '../../../domain/routing/departure.ts';
import { type Answer, startApi, type TestApi, untilStopped } from './support.ts';

const waiting: AwaitedCloud = {
  message: 'kitchen.one',
  reason: 'local-unavailable',
  host: 'cloud.test',
  model: 'gemini',
  kinds: ['system-prompt', 'message'],
  bytes: 120,
  earlier: 0,
  binding: 'b'.repeat(64),
  askedAt: 1,
  until: 1000,
};
const cloud = '/chat/kitchen.one/cloud';

describe('a message that waits for leave to go to the cloud', () => {
  let api: TestApi;
  beforeEach(async () => {
    api = await startApi({ answering: untilStopped, settings: { CHAT_WAIT_SECONDS: '1' } });
    await api.conversations.accept({ conversation: 'kitchen', key: 'one', text: 'hello', createdAt: 1 });
    await api.runtime.startMessage({ conversation: 'kitchen', key: 'one', summary: 'test' });
    await api.awaitedClouds.add(waiting);
  });
  afterEach(() => api.close());

  const code = async (): Promise<string> =>
    ((await api.own('/codes')).body as { codes: { code: string }[] }).codes.at(-1)?.code ?? '';
  const askCode = (): Promise<Answer> => api.ask(`${cloud}/tts-request`, { method: 'POST' });
  const approve = (tts_code: string): Promise<Answer> => api.ask(`${cloud}/approve`, { body: { tts_code } });
  const decisions = () => api.runtime.cloudDecisions();

  test('is shown with what would leave, by itself and among the approvals', async () => {
    expect((await api.ask('/chat/kitchen.one')).body).toMatchObject({ state: 'pending', awaitingCloud: waiting });
    expect((await api.ask('/approvals')).body).toMatchObject({ calls: [], clouds: [waiting] });
  });

  test('may go by a code of the owner, which the caller never sees', async () => {
    const asked = await askCode();
    const right = await code();
    expect(asked.status).toBe(202);
    expect(JSON.stringify(asked.body)).not.toContain(right);
    expect(await approve(right)).toMatchObject({ status: 200, body: { decision: 'allowed' } });
    expect(decisions()).toEqual([
      {
        conversation: 'kitchen',
        key: 'one',
        by: 'admin',
        isAllowed: true,
        approval: asked.body['id'],
        binding: waiting.binding,
      },
    ]);
  });

  test('may not go by a wrong code, or by one for something else that would leave', async () => {
    await askCode();
    const right = await code();
    const wrong = String((Number(right) + 1) % 10_000).padStart(4, '0');
    expect(await approve(wrong)).toMatchObject({ status: 403, body: { code: 'APPROVAL_REFUSED' } });
    await api.awaitedClouds.remove('kitchen.one');
    await api.awaitedClouds.add({ ...waiting, binding: 'c'.repeat(64) });
    expect((await approve(right)).status).toBe(403);
    expect(decisions()).toEqual([]);
  });

  test('is refused without a code', async () => {
    expect(await api.ask(`${cloud}/refuse`, { method: 'POST' })).toMatchObject({
      status: 200,
      body: { decision: 'refused' },
    });
    expect(decisions()).toMatchObject([{ isAllowed: false }]);
  });

  test('is not there for another message, or one that has ended', async () => {
    expect((await api.ask('/chat/kitchen.two/cloud/refuse', { method: 'POST' })).status).toBe(404);
    await api.runtime.stopMessage({ conversation: 'kitchen', key: 'one' });
    await expect.poll(async () => (await api.ask(`${cloud}/refuse`, { method: 'POST' })).status).toBe(404);
    expect(await api.awaitedClouds.list()).toEqual([]);
  });

  test('cannot be allowed while Talos is locked down', async () => {
    await api.lockdown.lock({ reason: 'test', by: 'owner', at: 1 });
    expect((await askCode()).status).toBe(423);
    expect((await approve('1234')).status).toBe(423);
  });
});

describe('the route of a message', () => {
  test('is kept with it and belongs to what its key stands for', async () => {
    const api = await startApi();
    const send = (route?: string) =>
      api.ask('/chat', {
        body: { message: 'hello', conversation: 'kitchen', ...(route && { route }) },
        headers: { 'idempotency-key': 'one' },
      });
    expect((await send('local')).status).toBe(200);
    expect(await api.conversations.message({ conversation: 'kitchen', key: 'one' })).toMatchObject({
      options: { route: 'local' },
    });
    expect((await send('local')).status).toBe(200);
    expect(await send('cloud')).toMatchObject({ status: 409, body: { code: 'IDEMPOTENCY_CONFLICT' } });
    expect((await send()).status).toBe(409);
    expect((await send('moon')).status).toBe(400);
    await api.close();
  });
});
