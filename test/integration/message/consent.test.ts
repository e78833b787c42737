import { afterEach, describe, expect, inject, it } from 'vitest';

import type { MessageRef } from '../../../domain/chat.ts';
import { TalosError } from '../../../domain/errors.ts';
import { messageWorkflowId } from '../../../workflows/messages.ts';
import { createSkillTwins, type SkillTwins } from '../../support/skill-twins.ts';
import { startTalos } from '../../support/talos.ts';
import { newSkillId } from '../skills/support.ts';
import { historyText, scriptedModel, use } from './skill-script.ts';

type Talos = Awaited<ReturnType<typeof startTalos>>;

describe('a call that needs consent', () => {
  let talos: Talos;
  let skills: SkillTwins;
  let id: string;
  let stopCore: () => Promise<void>;

  async function start(options: NonNullable<Parameters<typeof startTalos>[1]> & { onAsk?: () => Promise<void> } = {}) {
    const { onAsk = async () => undefined, ...rest } = options;
    id = newSkillId();
    const model = scriptedModel(({ messages, tools }) => {
      const last = messages.at(-1);
      if (last?.role === 'tool') return `Told: ${last.content.includes('> 2') ? 'two' : 'nothing'}`;
      return tools === undefined || last?.content === 'hello' ? 'Hello' : [[id, { input: 1 }]];
    });
    skills = createSkillTwins();
    talos = await startTalos(inject('stack'), {
      ...rest,
      skills,
      wrap(ports) {
        const wrapped = model.wrap(ports);
        const append: typeof wrapped.tokens.append = async (ref, event) => {
          if (event.type === 'awaiting-approval') await onAsk();
          await wrapped.tokens.append(ref, event);
        };
        return { ...wrapped, tokens: { ...wrapped.tokens, append } };
      },
    });
    stopCore = await talos.serve('core');
    await Promise.all([talos.serve('gpu'), talos.serve('sandbox')]);
    await use(skills, id, { hosts: ['api.example.org'] });
    return model;
  }
  afterEach(() => talos.close());

  const waiting = async () => {
    await expect.poll(() => skills.awaitedCalls.list(), { timeout: 15_000 }).toHaveLength(1);
    const [call] = await skills.awaitedCalls.list();
    if (call === undefined) throw new Error('nothing waits');
    return call;
  };
  const allow = (ref: MessageRef) =>
    talos.ports.runtime.decideCall(ref, { call: '1-1', by: 'owner', isAllowed: true, approval: 'approval-1' });

  it('waits for the owner, says what for, and is made once allowed', async () => {
    await start();
    const ref = await talos.send('double one');
    const call = await waiting();
    expect(call).toMatchObject({
      call: '1-1',
      skill: id,
      asksFor: ['reach api.example.org'],
      message: `${ref.conversation}.${ref.key}`,
    });
    expect(call.binding).toMatch(/^[0-9a-f]{64}$/);
    expect(skills.sandbox.requests()).toEqual([]);
    expect(await allow(ref)).toBe(true);
    expect(await talos.settled(ref)).toMatchObject({ reply: 'Told: two', steps: [{ verdict: 'ok' }] });
    expect(await skills.awaitedCalls.list()).toEqual([]);
    const events = [];
    for await (const { event } of talos.ports.tokens.follow(ref, { signal: AbortSignal.timeout(5000) })) {
      events.push(event.type);
      if (event.type === 'done') break;
    }
    expect(events).toEqual(['attempt-start', 'awaiting-approval', 'tool-start', 'tool-end', 'text-delta', 'done']);
  });

  it('is not made when the owner refuses, and the model is told', async () => {
    const model = await start();
    const ref = await talos.send('double one');
    await waiting();
    await talos.ports.runtime.decideCall(ref, { call: '1-1', by: 'owner', isAllowed: false });
    expect(await talos.settled(ref)).toMatchObject({ reply: 'Told: nothing', steps: [{ verdict: 'declined' }] });
    expect(model.toolMessages()[0]?.content).toContain('the owner did not allow this call');
    expect(skills.sandbox.requests()).toEqual([]);
  });

  it('is not made when nobody answers in time', async () => {
    const model = await start({ consentSeconds: 1 });
    const ref = await talos.send('double one');
    expect(await talos.settled(ref)).toMatchObject({ steps: [{ verdict: 'declined' }] });
    expect(model.toolMessages()[0]?.content).toContain('did not answer in time');
    expect(await skills.awaitedCalls.list()).toEqual([]);
  });

  it('still waits after the worker was restarted, and takes an answer given while there was none', async () => {
    await start();
    const ref = await talos.send('double one');
    await waiting();
    await stopCore();
    await allow(ref);
    await talos.serve('core');
    expect(await talos.settled(ref)).toMatchObject({ reply: 'Told: two' });
  });

  it('does not keep the next message of the conversation waiting', async () => {
    await start();
    const ref = await talos.send('double one');
    await waiting();
    const next = await talos.send('hello', { conversation: ref.conversation });
    expect(await talos.settled(next)).toMatchObject({ reply: 'Hello' });
    await allow(ref);
    expect(await talos.settled(ref)).toMatchObject({ reply: 'Told: two' });
  });

  it('is gone from the list when its message is stopped while it is asked a second time', async () => {
    const asked = Promise.withResolvers<MessageRef>();
    await start({
      async onAsk() {
        await talos.ports.runtime.stopMessage(await asked.promise);
        throw new TalosError('STORE_UNAVAILABLE', 'away');
      },
    });
    const ref = await talos.send('double one');
    asked.resolve(ref);
    expect(await talos.settled(ref)).toMatchObject({ state: 'stopped' });
    expect(await skills.awaitedCalls.list()).toEqual([]);
  });

  it('is gone from the list when its message is stopped', async () => {
    await start();
    const ref = await talos.send('double one');
    await waiting();
    await talos.ports.runtime.stopMessage(ref);
    expect(await talos.settled(ref)).toMatchObject({ state: 'stopped' });
    expect(await skills.awaitedCalls.list()).toEqual([]);
    expect(skills.sandbox.requests()).toEqual([]);
  });

  it('leaves no run that waits for ever when its message is stopped', async () => {
    await start();
    const ref = await talos.send('double one');
    await waiting();
    await talos.ports.runtime.stopMessage(ref);
    expect(await talos.settled(ref)).toMatchObject({ state: 'stopped' });
    const runs = await skills.skillRuns.list(id, { limit: 5, offset: 0, failedOnly: false });
    expect(runs).toMatchObject([
      { state: 'cancelled', result: { blame: 'environment', error: { code: 'RUN_STOPPED' } } },
    ]);
  });

  it('counts for the first decision alone, and for no other call', async () => {
    await start();
    const ref = await talos.send('double one');
    await waiting();
    await talos.ports.runtime.decideCall(ref, { call: '2-1', by: 'owner', isAllowed: true, approval: 'approval-2' });
    await talos.ports.runtime.decideCall(ref, { call: '1-1', by: 'owner', isAllowed: false });
    await allow(ref);
    expect(await talos.settled(ref)).toMatchObject({ steps: [{ verdict: 'declined' }] });
  });

  it('runs freely at a trust level that allows it', async () => {
    await start({ trustLevel: 2 });
    expect(await talos.settled(await talos.send('double one'))).toMatchObject({ reply: 'Told: two' });
  });

  it('leaves ids in the history, and nothing it was given', async () => {
    await start();
    const ref = await talos.send('double one');
    await waiting();
    await allow(ref);
    await talos.settled(ref);
    const text = await historyText(talos.connection, messageWorkflowId(ref));
    expect(text).toContain('approval-1');
    expect(text).not.toMatch(/double one|Told/);
  });
});
