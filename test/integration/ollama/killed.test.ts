import { expect, it } from 'vitest';

import { createOllama } from '../../../adapters/ollama.ts';
import { ensureTestModels } from '../../../adapters/test-model/ensure.ts';
import type { ModelEvent } from '../../../domain/models/model.ts';
import { collect, saying, textOf } from '../../contract/language-model-suite.ts';
import { type OwnOllama, startOwnOllama } from './own-ollama.ts';

const signal = AbortSignal.timeout(55_000);
const endless = saying('forever', { contextTokens: 65_536, maxOutputTokens: 65_000 });

/** Starts an endless answer, does `harm` after some of it, and gives what came and how it failed. */
async function interrupted(server: OwnOllama, harm: () => Promise<void>) {
  const events: ModelEvent[] = [];
  try {
    for await (const event of createOllama({ url: server.url }).chat(endless, signal)) {
      events.push(event);
      if (events.length === 20) await harm();
    }
  } catch (failure) {
    return { text: textOf(events), failure };
  }
  return { text: textOf(events), failure: undefined };
}

it('is unavailable with partial text when the server is killed, and unreachable after', async () => {
  await using server = await startOwnOllama();
  await ensureTestModels({ url: server.url, signal, models: ['talos-test'] });
  const { text, failure } = await interrupted(server, () => server.kill());
  expect(text).toMatch(/^On and on and on/);
  expect(failure).toMatchObject({ code: 'MODEL_UNAVAILABLE', details: { reason: 'cut-off' } });
  const next = collect(createOllama({ url: server.url }).chat(saying('hello'), signal));
  await expect(next).rejects.toMatchObject({ code: 'MODEL_UNAVAILABLE', details: { reason: 'unreachable' } });
});

it('is unavailable with partial text when only the process with the model is killed, and answers again after', async () => {
  await using server = await startOwnOllama();
  await ensureTestModels({ url: server.url, signal, models: ['talos-test'] });
  const { text, failure } = await interrupted(server, () => server.killRunners());
  expect(text).toMatch(/^On and on and on/);
  expect(failure).toMatchObject({ code: 'MODEL_UNAVAILABLE' });
  const answers = () =>
    collect(createOllama({ url: server.url }).chat(saying('hello'), signal)).then(textOf, () => undefined);
  await expect.poll(answers, { timeout: 20_000 }).toBe('Hello from the built-in test model.');
});
