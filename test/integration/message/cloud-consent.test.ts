import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';

import { createMemoryCloudModel, type MemoryCloudModel } from '../../../adapters/memory/cloud-model.ts';
import type { MessageRef } from '../../../domain/chat.ts';
import { TalosError } from '../../../domain/errors.ts';
import type { AwaitedCloud } from '../../../domain/routing/departure.ts';
import { messageWorkflowId } from '../../../workflows/messages.ts';
import { startTalos, type TestPorts } from '../../support/talos.ts';
import { historyText } from './skill-script.ts';

type Talos = Awaited<ReturnType<typeof startTalos>>;

describe('a message that needs leave to go to the cloud', () => {
  let talos: Talos;
  let cloud: MemoryCloudModel;
  let isEngineUp: boolean;
  let earlierText: string;
  let stopCore: () => Promise<void>;

  beforeEach(() => {
    cloud = createMemoryCloudModel({ model: 'gemini-test' });
    isEngineUp = false;
    earlierText = 'earlier';
  });
  afterEach(() => talos.close());

  async function start(consentSeconds = 60, onAsk: () => Promise<void> = async () => undefined): Promise<void> {
    const away = { code: 'MODEL_UNAVAILABLE', message: 'No engine; start it.' } as const;
    const installed = (ports: TestPorts) => () =>
      isEngineUp
        ? ports.model.installed()
        : Promise.reject(new TalosError(away.code, away.message, { details: { reason: 'unreachable', final: true } }));
    talos = await startTalos(inject('stack'), {
      consentSeconds,
      cloud: { fallback: 'ask' },
      wrap: (ports) => ({
        ...ports,
        cloud,
        tokens: {
          ...ports.tokens,
          async append(asked, event) {
            if (event.type === 'awaiting-cloud') await onAsk();
            await ports.tokens.append(asked, event);
          },
        },
        model: { ...ports.model, installed: installed(ports) },
        conversations: {
          ...ports.conversations,
          recent: async (...given) => [
            ...(await ports.conversations.recent(...given)),
            {
              conversation: 'c',
              key: 'k',
              seq: 1,
              text: earlierText,
              createdAt: 1,
              state: 'answered',
              reply: 'so it was',
            },
          ],
        },
      }),
    });
    stopCore = await talos.serve('core');
    await talos.serve('gpu');
  }

  const waiting = async () => {
    await expect.poll(() => talos.ports.awaitedClouds.list(), { timeout: 15_000 }).toHaveLength(1);
    const [awaited] = await talos.ports.awaitedClouds.list();
    if (awaited === undefined) throw new Error('nothing waits');
    return awaited;
  };
  const allow = async (ref: MessageRef, binding?: string) => {
    const given = binding ?? (await talos.ports.awaitedClouds.list())[0]?.binding ?? 'none';
    return talos.ports.runtime.decideCloud(ref, {
      by: 'owner',
      isAllowed: true,
      approval: 'approval-1',
      binding: given,
    });
  };
  const refuse = (ref: MessageRef) => talos.ports.runtime.decideCloud(ref, { by: 'owner', isAllowed: false });
  const called = () => talos.ports.audited.events().filter(({ type }) => type === 'cloud-called');

  it('waits and says what would leave, and goes once it is allowed', async () => {
    await start();
    const ref = await talos.send('how are you');
    const awaited = await waiting();
    expect(awaited).toMatchObject({
      message: `${ref.conversation}.${ref.key}`,
      reason: 'local-unavailable',
      host: 'cloud.test',
      model: 'gemini-test',
      kinds: ['system-prompt', 'history', 'message'],
      earlier: 1,
      bytes: expect.any(Number),
      binding: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(cloud.requests()).toEqual([]);
    expect(await allow(ref)).toBe(true);
    const record = await talos.settled(ref);
    expect(record).toMatchObject({ reply: 'Hello from the cloud.', route: 'cloud', routeReason: 'owner-allowed' });
    expect(record.notice).toContain('for you allowed it');
    expect(called()).toMatchObject([{ details: { approval: 'approval-1', bytes: awaited.bytes } }]);
    expect(await talos.ports.awaitedClouds.list()).toEqual([]);
    const types = [];
    for await (const { event } of talos.ports.tokens.follow(ref, { signal: AbortSignal.timeout(5000) })) {
      types.push(event.type);
      if (event.type === 'done') break;
    }
    expect(types.slice(0, 2)).toEqual(['awaiting-cloud', 'attempt-start']);
  });

  it('is asked for as well where the message itself asks for the cloud', async () => {
    isEngineUp = true;
    await start();
    const ref = await talos.send('hello', { options: { route: 'cloud' } });
    expect(await waiting()).toMatchObject({ reason: 'asked-cloud' });
    await allow(ref);
    expect(await talos.settled(ref)).toMatchObject({ route: 'cloud', routeReason: 'owner-allowed' });
  });

  it('ends with the fix when the owner refuses, and nothing is sent', async () => {
    await start();
    const ref = await talos.send('hello');
    await waiting();
    await refuse(ref);
    await allow(ref); // the first decision counts
    const { error } = await talos.settled(ref);
    expect(error).toEqual({
      code: 'MODEL_UNAVAILABLE',
      message: 'You did not allow it to go to Gemini, so nothing was sent. No engine; start it.',
    });
    expect(cloud.requests()).toEqual([]);
  });

  it('ends with the fix when nobody answers in time, and nothing is sent', async () => {
    await start(1);
    const ref = await talos.send('hello');
    expect(await talos.settled(ref)).toMatchObject({ state: 'failed', error: { code: 'MODEL_UNAVAILABLE' } });
    expect(await talos.ports.awaitedClouds.list()).toEqual([]);
    expect(cloud.requests()).toEqual([]);
  });

  it('still waits after the worker was restarted, and takes leave given while there was none', async () => {
    await start();
    const ref = await talos.send('hello');
    await waiting();
    await stopCore();
    await allow(ref);
    await talos.serve('core');
    expect(await talos.settled(ref)).toMatchObject({ route: 'cloud' });
  });

  it('does not keep the next message of the conversation waiting', async () => {
    await start();
    const ref = await talos.send('hello');
    await waiting();
    isEngineUp = true;
    const next = await talos.send('hello', { conversation: ref.conversation });
    expect(await talos.settled(next)).toMatchObject({ route: 'local' });
    await allow(ref);
    expect(await talos.settled(ref)).toMatchObject({ route: 'cloud' });
  });

  it('is gone from the list when it is stopped', async () => {
    await start();
    const ref = await talos.send('hello');
    await waiting();
    await talos.ports.runtime.stopMessage(ref);
    expect(await talos.settled(ref)).toMatchObject({ state: 'stopped' });
    expect(await talos.ports.awaitedClouds.list()).toEqual([]);
    expect(cloud.requests()).toEqual([]);
  });

  it.each([
    ['while it is being asked', () => undefined],
    ['while it is asked a second time', () => new TalosError('STORE_UNAVAILABLE', 'away')],
  ])('is gone from the list when it is stopped %s', async (_, trouble) => {
    const asked = Promise.withResolvers<MessageRef>();
    await start(60, async () => {
      await talos.ports.runtime.stopMessage(await asked.promise);
      const failure = trouble();
      if (failure !== undefined) throw failure;
    });
    const ref = await talos.send('hello');
    asked.resolve(ref);
    expect(await talos.settled(ref)).toMatchObject({ state: 'stopped' });
    expect(await talos.ports.awaitedClouds.list()).toEqual([]);
  });

  it('sends nothing else than what leave was given for', async () => {
    await start();
    const ref = await talos.send('hello');
    await waiting();
    earlierText = 'something slipped in';
    await allow(ref);
    expect(await talos.settled(ref)).toMatchObject({ error: { code: 'APPROVAL_REFUSED' } });
    expect(cloud.requests()).toEqual([]);
    expect(called()).toEqual([]);
  });

  it('is told what would leave now when it has to be asked again, and leave for what was shown before lets nothing out', async () => {
    let tries = 0;
    await start(60, async () => {
      tries += 1;
      if (tries > 1) return;
      shown = (await talos.ports.awaitedClouds.list())[0];
      earlierText = 'something slipped in';
      throw new TalosError('STORE_UNAVAILABLE', 'away');
    });
    let shown: AwaitedCloud | undefined;
    const ref = await talos.send('hello');
    await expect.poll(() => tries, { timeout: 15_000 }).toBe(2);
    const awaited = await waiting();
    expect(shown?.binding).toMatch(/^[0-9a-f]{64}$/);
    expect(awaited.binding).not.toBe(shown?.binding);
    expect(awaited.bytes).toBeGreaterThan(shown?.bytes ?? 0);
    await allow(ref, shown?.binding);
    expect(await talos.settled(ref)).toMatchObject({ error: { code: 'APPROVAL_REFUSED' } });
    expect(cloud.requests()).toEqual([]);
    expect(called()).toEqual([]);
  });

  it('leaves ids in the history, and nothing of the text', async () => {
    await start();
    const ref = await talos.send('a secret word');
    await waiting();
    await allow(ref);
    await talos.settled(ref);
    const text = await historyText(talos.connection, messageWorkflowId(ref));
    expect(text).toContain('approval-1');
    expect(text).not.toMatch(/secret word|Hello from/);
  });
});
