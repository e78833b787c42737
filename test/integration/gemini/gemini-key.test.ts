import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { type FakeAnswer, type FakeGemini, startFakeGemini } from '../../support/fake-gemini.ts';
import { collect, createTestCloud, key, saying, unheard } from './support.ts';

let fake: FakeGemini;
beforeAll(async () => {
  fake = await startFakeGemini();
});
afterEach(() => fake.reset());
afterAll(() => fake[Symbol.asyncDispose]());

const signal = AbortSignal.timeout(60_000);

describe('the key', () => {
  it('shows in no error, log or audit entry, even where the cloud echoes it', async () => {
    const answers: FakeAnswer[] = [
      { kind: 'status', status: 400, reason: 'API_KEY_INVALID', message: `API key not valid: ${key}` },
      { kind: 'status', status: 500, message: `${key} broke it` },
      { kind: 'status', status: 503, body: key },
      { kind: 'raw', text: `data: ${key}\n\n` },
      { kind: 'raw', text: `data: {"error":{"code":500,"message":"${key}","status":"INTERNAL"}}\n\n` },
      { kind: 'block', where: 'answer', reason: key, category: key },
      { kind: 'status', status: 500, message: key },
      { kind: 'status', status: 500, message: key },
    ];
    fake.script(answers);
    const cloud = createTestCloud({ url: fake.url });
    const errors = [];
    for (const _ of answers) errors.push((await collect(cloud.cloud.chat(saying('hello'), signal, unheard))).error);
    await cloud.cloud.check(signal).catch((error: unknown) => errors.push(error as never));
    const everything = [errors.map(deepText), cloud.logged.map(deepText), cloud.audit.events()];
    expect(JSON.stringify(everything)).not.toContain(key);
    expect(errors.every((error) => error !== undefined)).toBe(true);
  });

  it('shows in no error, log or audit entry either where it cannot be sent', async () => {
    const broken = `${key.slice(0, 20)}\n${key.slice(20)}`;
    const { cloud, logged, audit } = createTestCloud({ url: fake.url, key: broken });
    const { error } = await collect(cloud.chat(saying('hello'), signal, unheard));
    expect(error).toMatchObject({ code: 'CLOUD_UNAVAILABLE' });
    const everything = JSON.stringify([deepText(error), logged.map(deepText), audit.events()]);
    expect(everything).not.toContain(key.slice(0, 20));
    expect(everything).not.toContain(key.slice(20));
    expect(fake.requests).toEqual([]);
  });

  it('goes nowhere but to the host, in a header', async () => {
    await collect(createTestCloud({ url: fake.url }).cloud.chat(saying('hello'), signal, unheard));
    const [request] = fake.requests;
    expect(request?.key).toBe(key);
    expect(`${request?.path} ${request?.body}`).not.toContain(key);
  });
});

/** A value with the messages and causes of the errors in it. */
function deepText(value: unknown): string {
  if (!(value instanceof Error))
    return JSON.stringify(value, (_, inner: unknown) => (inner instanceof Error ? deepText(inner) : inner));
  return `${value.message} ${value.stack ?? ''} ${JSON.stringify(Object.entries(value))} ${deepText(value.cause ?? '')}`;
}

describe('the check of the models', () => {
  it('is audited before it leaves, carries no content, and names a model that is gone', async () => {
    await using own = await startFakeGemini({ models: ['first'] });
    const { cloud, audit } = createTestCloud({ url: own.url });
    expect(await cloud.check(signal)).toEqual([
      'Gemini has no model second; set GEMINI_FALLBACK_MODEL to one that it has.',
    ]);
    expect(audit.events()).toEqual([
      {
        type: 'cloud-called',
        actor: 'talos',
        subject: cloud.host,
        details: { host: cloud.host, model: 'first second', bytes: 0, kinds: 'model-check' },
      },
    ]);
    expect(own.requests.map(({ method, body }) => [method, body])).toEqual([
      ['GET', ''],
      ['GET', ''],
    ]);
    expect(await cloud.state()).toMatchObject({ kind: 'ready', notes: [expect.stringContaining('second')] });
  });

  it('tells of a model that is about to be shut down', async () => {
    const { cloud } = createTestCloud({ url: fake.url, settings: { model: 'gemini-2.5-pro' } });
    expect(await cloud.check(signal)).toEqual([expect.stringContaining('shut down on 2026-12-01')]);
  });
});
