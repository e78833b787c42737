import { afterAll, beforeAll, expect } from 'vitest';

import type { CloudEvent } from '../../domain/cloud/ports.ts';
import type { ModelEvent } from '../../domain/models/model.ts';
import { createTestCloud } from '../integration/gemini/support.ts';
import { type FakeGemini, startFakeGemini } from '../support/fake-gemini.ts';
import { describeChat } from './chat-suite.ts';

let fake: FakeGemini;
beforeAll(async () => {
  fake = await startFakeGemini();
});
afterAll(() => fake[Symbol.asyncDispose]());

/** The cloud names the model that answers first; everything else is as local models do. */
async function* withoutStart(events: AsyncIterable<CloudEvent>): AsyncGenerator<ModelEvent, void> {
  for await (const event of events) if (event.type !== 'start') yield event;
}

describeChat('chat of Gemini', async () => {
  const settings = { tokensPerDay: 1_000_000, maxOutputTokens: 100_000 };
  const { cloud } = createTestCloud({ url: fake.url, settings });
  return {
    chat: (request, signal) => withoutStart(cloud.chat(request, signal, async () => undefined)),
    ownModel: 'own',
    expectFree: () => expect.poll(() => fake.requests.at(-1)?.wasLeft).toBe(true),
  };
});
