import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { AwaitedCall } from '../../../domain/skills/steps.ts';
import { type Answer, startApi, type TestApi, untilStopped } from './support.ts';

const waiting: AwaitedCall = {
  message: 'kitchen.one',
  call: '1-1',
  skill: 'weather',
  hash: 'a'.repeat(64),
  run: 'weather.k',
  asksFor: ['reach api.example.org'],
  binding: 'b'.repeat(64),
  askedAt: 1,
  until: 1000,
};
const calls = '/chat/kitchen.one/calls/1-1';

describe('a call that waits', () => {
  let api: TestApi;
  beforeEach(async () => {
    api = await startApi({ answering: untilStopped, settings: { CHAT_WAIT_SECONDS: '1' } });
    await api.conversations.accept({ conversation: 'kitchen', key: 'one', text: 'How is the weather?', createdAt: 1 });
    await api.runtime.startMessage({ conversation: 'kitchen', key: 'one', summary: 'test' });
    await api.awaitedCalls.add(waiting);
  });
  afterEach(() => api.close());

  const code = async (): Promise<string> =>
    ((await api.own('/codes')).body as { codes: { code: string }[] }).codes.at(-1)?.code ?? '';
  const askCode = (): Promise<Answer> => api.ask(`${calls}/tts-request`, { method: 'POST' });
  const approve = (tts_code: string): Promise<Answer> => api.ask(`${calls}/approve`, { body: { tts_code } });
  const decisions = () => api.runtime.decisions();

  test('is shown with its message and among the approvals', async () => {
    expect((await api.ask('/chat/kitchen.one')).body).toMatchObject({ state: 'pending', awaiting: [waiting] });
    expect((await api.ask('/approvals')).body).toMatchObject({ calls: [waiting] });
  });

  test('is allowed by a code of the owner, which the caller never sees', async () => {
    const asked = await askCode();
    const right = await code();
    expect(asked.status).toBe(202);
    expect(JSON.stringify(asked.body)).not.toContain(right);
    expect(await approve(right)).toMatchObject({ status: 200, body: { decision: 'allowed' } });
    expect(decisions()).toEqual([
      { conversation: 'kitchen', key: 'one', call: '1-1', by: 'admin', isAllowed: true, approval: asked.body['id'] },
    ]);
    expect(JSON.stringify(decisions())).not.toContain(`"${right}"`);
  });

  test('is not allowed by a wrong code, a used one, or one for another input', async () => {
    await askCode();
    const right = await code();
    const wrong = String((Number(right) + 1) % 10_000).padStart(4, '0');
    expect(await approve(wrong)).toMatchObject({ status: 403, body: { code: 'APPROVAL_REFUSED' } });
    await api.awaitedCalls.remove(waiting);
    await api.awaitedCalls.add({ ...waiting, binding: 'c'.repeat(64) });
    expect((await approve(right)).status).toBe(403);
    expect(decisions()).toEqual([]);
  });

  test('is refused without a code', async () => {
    expect(await api.ask(`${calls}/refuse`, { method: 'POST' })).toMatchObject({
      status: 200,
      body: { decision: 'refused' },
    });
    expect(decisions()).toMatchObject([{ call: '1-1', isAllowed: false }]);
  });

  test('is not there for another call, another message, or one that has ended', async () => {
    for (const path of ['/chat/kitchen.one/calls/2-1', '/chat/kitchen.two/calls/1-1'])
      expect((await api.ask(`${path}/refuse`, { method: 'POST' })).status).toBe(404);
    expect((await api.ask('/chat/kitchen.one/calls/x/refuse', { method: 'POST' })).status).toBe(400);
    await api.runtime.stopMessage({ conversation: 'kitchen', key: 'one' });
    await expect.poll(async () => (await api.ask(`${calls}/refuse`, { method: 'POST' })).status).toBe(404);
    expect(await api.awaitedCalls.list()).toEqual([]);
  });

  test('cannot be allowed while Talos is locked down', async () => {
    await api.lockdown.lock({ reason: 'test', by: 'owner', at: 1 });
    expect((await askCode()).status).toBe(423);
    expect((await approve('1234')).status).toBe(423);
  });
});
