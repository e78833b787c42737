import { afterEach, describe, expect, inject, it } from 'vitest';

import { createMemoryCloudModel, type MemoryCloudModel } from '../../../adapters/memory/cloud-model.ts';
import { type ErrorCode, TalosError } from '../../../domain/errors.ts';
import type { ModelEvent } from '../../../domain/models/model.ts';
import { messageWorkflowId } from '../../../workflows/messages.ts';
import { startTalos, type TestPorts } from '../../support/talos.ts';
import { unreachable, withEngine } from './cloud-support.ts';
import { historyText } from './skill-script.ts';

type Talos = Awaited<ReturnType<typeof startTalos>>;
type Options = Parameters<typeof startTalos>[1];

describe('a message and the cloud', () => {
  let talos: Talos;
  let cloud: MemoryCloudModel;

  /** A local engine that fails like this, or works, and a cloud. */
  async function start(failure: TalosError | undefined, options: Options & { reply?: MemoryCloudModel } = {}) {
    cloud = options.reply ?? createMemoryCloudModel({ model: 'gemini-test' });
    talos = await startTalos(inject('stack'), {
      ...options,
      wrap: (ports) => ({ ...withEngine(ports, failure), cloud }),
    });
    await Promise.all([talos.serve('core'), talos.serve('gpu')]);
    return talos;
  }
  afterEach(() => talos.close());

  const called = () => talos.ports.audited.events().filter(({ type }) => type === 'cloud-called');

  it('goes there when the local engine cannot be reached, and says so', async () => {
    await start(unreachable());
    const ref = await talos.send('how are you');
    const record = await talos.settled(ref);
    expect(record).toMatchObject({
      state: 'answered',
      reply: 'Hello from the cloud.',
      model: 'gemini-test',
      route: 'cloud',
      routeReason: 'local-unavailable',
      usage: { outputTokens: 4 },
      modelMs: expect.any(Number),
      context: { message: expect.any(Number), memory: 0, tools: 0 },
    });
    expect(record.notice).toMatch(
      /^Gemini answered because the local model could not be reached; what left: this message/,
    );
    expect(called()).toMatchObject([
      {
        subject: `${ref.conversation}.${ref.key}`,
        details: {
          host: 'cloud.test',
          model: 'gemini-test',
          kinds: 'system-prompt message',
          reason: 'local-unavailable',
          attempt: 1,
          bytes: new TextEncoder().encode(JSON.stringify(cloud.requests()[0]?.messages)).length,
          promptHash: expect.stringMatching(/^[0-9a-f]{64}$/),
        },
      },
    ]);
  });

  it('keeps what was said until the budget of today was used up, and says that it ends early', async () => {
    await start(unreachable(), { reply: createMemoryCloudModel({ model: 'gemini-test', isCutByBudget: true }) });
    const record = await talos.settled(await talos.send('tell me everything'));
    expect(record).toMatchObject({ state: 'answered', reply: 'Hello from the cloud.' });
    expect(record.notice).toContain('The answer ends early, for the Gemini tokens of today are used up.');
  });

  it('takes no text into its history on the way', async () => {
    await start(unreachable());
    const ref = await talos.send('a secret word');
    await talos.settled(ref);
    expect(await historyText(talos.connection, messageWorkflowId(ref))).not.toMatch(/secret word|Hello from/);
  });

  it('goes there when it asks for it, although the local engine is well', async () => {
    await start(undefined);
    const record = await talos.settled(await talos.send('hello', { options: { route: 'cloud' } }));
    expect(record).toMatchObject({ state: 'answered', route: 'cloud', routeReason: 'asked-cloud' });
    expect(record).not.toHaveProperty('notice');
    expect(talos.ports.audited.events().some(({ type }) => type === 'model-called')).toBe(false);
  });

  it('is answered here without a word to the cloud as long as the local engine is well', async () => {
    await start(undefined);
    expect(await talos.settled(await talos.send('hello'))).toMatchObject({
      state: 'answered',
      route: 'local',
      routeReason: 'local-first',
      context: { window: 4096 },
    });
    expect(cloud.requests()).toEqual([]);
  });

  it.each<[ErrorCode, string]>([
    ['MODEL_REFUSED', 'context-overflow'],
    ['MODEL_UNAVAILABLE', 'busy'],
    ['MODEL_UNAVAILABLE', 'out-of-memory'],
    ['MODEL_UNAVAILABLE', 'no-answer'],
    ['MODEL_UNAVAILABLE', 'silent'],
  ])('stays here after %s (%s)', async (code, reason) => {
    await start(new TalosError(code, 'no', { details: { reason, final: true } }));
    expect(await talos.settled(await talos.send('hello'))).toMatchObject({ state: 'failed', error: { code } });
    expect(cloud.requests()).toEqual([]);
    expect(called()).toEqual([]);
  });

  it('stays here when it was to be answered here, engine or not', async () => {
    await start(unreachable());
    const record = await talos.settled(await talos.send('hello', { options: { route: 'local' } }));
    expect(record).toMatchObject({ state: 'failed', error: { code: 'MODEL_UNAVAILABLE' } });
    expect(record.error?.message).toContain('nothing was sent to a cloud');
    expect(cloud.requests()).toEqual([]);
  });

  it.each(['auto', 'ask'] as const)('stays here without a key, with CLOUD_FALLBACK=%s', async (fallback) => {
    await start(unreachable(), { reply: createMemoryCloudModel(), cloud: { fallback } });
    const record = await talos.settled(await talos.send('hello'));
    expect(record.error).toEqual({ code: 'MODEL_UNAVAILABLE', message: 'No engine; start it.' });
  });

  it('stays here with CLOUD_FALLBACK=never, and says how to change that', async () => {
    await start(unreachable(), { cloud: { fallback: 'never' } });
    for (const route of ['cloud', undefined] as const) {
      const record = await talos.settled(await talos.send('hello', route && { options: { route } }));
      expect(record.error?.message).toContain('CLOUD_FALLBACK=auto');
    }
    expect(cloud.requests()).toEqual([]);
  });

  it('is not answered here instead of a cloud that was asked for and has no key', async () => {
    await start(undefined, { reply: createMemoryCloudModel() });
    const record = await talos.settled(await talos.send('hello', { options: { route: 'cloud' } }));
    expect(record).toMatchObject({ state: 'failed', error: { code: 'CLOUD_NOT_CONFIGURED' } });
    expect(record.error?.message).toContain('GEMINI_API_KEY');
  });

  it('is sent nowhere that cannot be recorded', async () => {
    const refuse = () => Promise.reject(new TalosError('AUDIT_UNAVAILABLE', 'the disk is full'));
    cloud = createMemoryCloudModel({ model: 'gemini-test' });
    talos = await startTalos(inject('stack'), {
      wrap: (ports) => {
        const append: TestPorts['audit']['append'] = (event) =>
          event.type === 'cloud-called' ? refuse() : ports.audit.append(event);
        return { ...withEngine(ports, unreachable()), cloud, audit: { ...ports.audit, append } };
      },
    });
    await Promise.all([talos.serve('core'), talos.serve('gpu')]);
    expect(await talos.settled(await talos.send('hello'))).toMatchObject({ error: { code: 'AUDIT_UNAVAILABLE' } });
    expect(cloud.requests()).toEqual([]);
  });

  it('is on record for each model it is sent to', async () => {
    await start(unreachable(), { reply: createMemoryCloudModel({ model: 'gemini-test', standIn: 'gemini-second' }) });
    expect(await talos.settled(await talos.send('hello'))).toMatchObject({ model: 'gemini-second' });
    const [first, second, ...more] = called();
    expect(first).toMatchObject({ details: { model: 'gemini-test', kinds: 'system-prompt message' } });
    expect(second).toEqual({ ...first, details: { ...first?.details, model: 'gemini-second' } });
    expect(more).toEqual([]);
  });

  it('tells of both when the cloud cannot be reached either', async () => {
    const away = new TalosError('CLOUD_PAUSED', 'It is left alone.');
    await start(unreachable(), { reply: createMemoryCloudModel({ model: 'gemini-test', refusal: away }) });
    const { error } = await talos.settled(await talos.send('hello'));
    expect(error).toEqual({
      code: 'MODEL_UNAVAILABLE',
      message: 'No engine; start it. Gemini could not stand in: It is left alone.',
    });
    expect(called()).toEqual([]); // nothing was sent
  });

  it('is tried again after the pause the cloud asks for, and the answer is not doubled', async () => {
    const error = new TalosError('CLOUD_UNAVAILABLE', 'busy', { details: { retryAfterMs: 50 } });
    await start(unreachable(), {
      reply: createMemoryCloudModel({ model: 'gemini-test', failure: { error, afterPieces: 2, times: 1 } }),
    });
    const ref = await talos.send('hello');
    expect(await talos.settled(ref)).toMatchObject({ state: 'answered', reply: 'Hello from the cloud.' });
    expect(called().map(({ details }) => details?.['attempt'])).toEqual([1, 2]);
  });

  it('is not tried again when the cloud asks for a long pause', async () => {
    const error = new TalosError('CLOUD_UNAVAILABLE', 'come back later', {
      details: { retryAfterMs: 600_000, final: true },
    });
    await start(undefined, {
      reply: createMemoryCloudModel({ model: 'gemini-test', failure: { error, afterPieces: 0 } }),
    });
    const record = await talos.settled(await talos.send('hello', { options: { route: 'cloud' } }));
    expect(record).toMatchObject({ error: { code: 'CLOUD_UNAVAILABLE' } });
    expect(cloud.requests()).toHaveLength(1);
  });

  it('ends with what the cloud blocked, as such', async () => {
    const error = new TalosError('CLOUD_BLOCKED', 'It was blocked.');
    await start(unreachable(), {
      reply: createMemoryCloudModel({ model: 'gemini-test', failure: { error, afterPieces: 0 } }),
    });
    expect(await talos.settled(await talos.send('hello'))).toMatchObject({ error: { code: 'CLOUD_BLOCKED' } });
  });

  it('stops in the middle of its answer when it is stopped or Talos is locked down', async () => {
    for (const how of ['stop', 'lockdown'] as const) {
      const begun = Promise.withResolvers<void>();
      const beforePiece = (index: number, signal: AbortSignal) => {
        if (index < 2) return Promise.resolve();
        begun.resolve();
        return new Promise<void>((resolve) => {
          signal.addEventListener('abort', () => resolve());
        });
      };
      await start(unreachable(), { reply: createMemoryCloudModel({ model: 'gemini-test', beforePiece }) });
      const ref = await talos.send('hello');
      await begun.promise;
      if (how === 'stop') await talos.ports.runtime.stopMessage(ref);
      else await talos.ports.lockdown.lock({ reason: 'test', by: 'owner', at: 1 });
      expect(await talos.settled(ref)).toMatchObject({
        state: 'stopped',
        reply: expect.stringMatching(/^Hello (from )?$/),
      });
      if (how === 'stop') await talos.close();
    }
  });

  it('never goes there because the GPU is busy: a full queue sends nothing', async () => {
    const held = Promise.withResolvers<void>();
    cloud = createMemoryCloudModel({ model: 'gemini-test' });
    talos = await startTalos(inject('stack'), {
      gpuWaitSeconds: 1,
      wrap: (ports) => ({
        ...ports,
        cloud,
        model: {
          ...ports.model,
          async *chat(): AsyncGenerator<ModelEvent, void> {
            await held.promise;
            yield { type: 'text-delta', text: 'late' };
            yield { type: 'finish', reason: 'stop', promptTokens: 1, outputTokens: 1 };
          },
        },
      }),
    });
    await Promise.all([talos.serve('core'), talos.serve('gpu')]);
    const first = await talos.send('one');
    await expect
      .poll(() => talos.ports.audited.events().filter(({ type }) => type === 'model-called').length, {
        timeout: 10_000,
      })
      .toBe(1);
    const rest = await Promise.all(['two', 'three', 'four'].map((text) => talos.send(text)));
    for (const ref of rest) expect(await talos.settled(ref)).toMatchObject({ error: { code: 'GPU_BUSY' } });
    held.resolve();
    expect(await talos.settled(first)).toMatchObject({ state: 'answered', route: 'local' });
    expect(cloud.requests()).toEqual([]);
    expect(called()).toEqual([]);
  });
});
