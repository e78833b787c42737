import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { closedBreaker } from '../../../domain/cloud/breaker.ts';
import { TalosError } from '../../../domain/errors.ts';
import { type FakeAnswer, type FakeGemini, startFakeGemini } from '../../support/fake-gemini.ts';
import { collect, createTestCloud, saying } from './support.ts';

let fake: FakeGemini;
beforeAll(async () => {
  fake = await startFakeGemini();
});
afterEach(() => fake.reset());
afterAll(() => fake[Symbol.asyncDispose]());

const signal = AbortSignal.timeout(60_000);
const quota: FakeAnswer = { kind: 'status', status: 429, message: 'Quota exceeded.' };

describe('what goes to Gemini', () => {
  it.each([
    ['first', []],
    ['second', ['first']],
  ])('does not go to the %s model when that cannot be put on record before', async (refused, sent) => {
    fake.script([quota], 'first');
    const { cloud, breaker } = createTestCloud({ url: fake.url });
    const record = async (model: string): Promise<void> => {
      if (model === refused) throw new TalosError('AUDIT_UNAVAILABLE', 'the disk is full');
    };
    const { error } = await collect(cloud.chat(saying('hello'), signal, record));
    expect(error?.code).toBe('AUDIT_UNAVAILABLE');
    expect(fake.requests.map(({ model }) => model)).toEqual(sent);
    expect(await breaker.current()).toEqual(closedBreaker);
    expect(await cloud.state()).toMatchObject({ tokensUsed: 0, tokensLeft: 50_000 });
  });

  it('is on record once for each model that is asked', async () => {
    fake.script([quota], 'first');
    const asked: string[] = [];
    const record = async (model: string) => void asked.push(`${model} after ${fake.requests.length}`);
    await collect(createTestCloud({ url: fake.url }).cloud.chat(saying('hello'), signal, record));
    expect(asked).toEqual(['first after 0', 'second after 1']);
  });
});
