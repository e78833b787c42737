import { describe, expect, it } from 'vitest';

import type { ModelRequest } from '../../domain/models/model.ts';
import { draftPrompt } from '../../domain/prompt/draft.ts';
import { draftFiles, draftFormat } from '../../domain/skills/draft-reply.ts';
import type { LanguageModel } from '../../domain/ports.ts';
import { collect, describeChat, saying, textOf } from './chat-suite.ts';

export { collect, saying, textOf } from './chat-suite.ts';

/**
 * What a server cannot do, each proven by a test of its own: `unload` (models stay as long as the server wants), `integer-bounds` (a schema's
 * limits of numbers are not kept; callers validate all the same), `embedder` (this one runs a chat model alone), `capabilities` (the server
 * does not tell what a model can do, so everything is assumed).
 */
export type Lack = 'unload' | 'integer-bounds' | 'embedder' | 'capabilities';

/** The server under test, and a chat model on it that nobody else uses. */
export type LanguageModelFixture = {
  readonly model: LanguageModel;
  readonly ownModel: string;
  /** Has the thinking test model, where one server runs a single model. */
  readonly thinking?: LanguageModel;
  readonly lacks?: readonly Lack[];
  /** Resolves once the server works for nobody; by default when the own model can be unloaded. */
  readonly untilFree?: () => Promise<void>;
};

const weatherTool = {
  name: 'get_weather',
  description: 'Weather of a city',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};

/** What every chat model server with the built-in test models does. */
export function describeLanguageModel(name: string, create: () => Promise<LanguageModelFixture>) {
  describeChat(`chat of the ${name}`, async () => {
    const fixture = await create();
    const { model, ownModel, lacks = [] } = fixture;
    return {
      chat: (request, signal) => model.chat(request, signal),
      ownModel,
      expectFree: () => expectFree(fixture),
      lacksBounds: lacks.includes('integer-bounds'),
    };
  });

  describe(name, () => {
    const signal = AbortSignal.timeout(60_000);
    const answer = async (request: ModelRequest) => collect((await create()).model.chat(request, signal));

    it('calls a tool and answers from its result', async () => {
      const question = { role: 'user', content: 'How is the weather?' } as const;
      const events = await answer(saying('', { messages: [question], tools: [weatherTool] }));
      expect(textOf(events)).toBe('');
      const [call] = events.flatMap((event) => (event.type === 'tool-call' ? [event.call] : []));
      expect(call).toEqual({ id: expect.stringMatching(/./), name: 'get_weather', arguments: { city: 'Paris' } });
      expect(events.at(-1)).toMatchObject({ type: 'finish', reason: 'tool-calls' });

      const asked = { role: 'assistant', content: '', toolCalls: call === undefined ? [] : [call] } as const;
      const result = { role: 'tool', content: '{"sky":"clear"}', toolName: 'get_weather' } as const;
      const after = await answer(saying('', { messages: [question, asked, result], tools: [weatherTool] }));
      expect(textOf(after)).toBe('It is sunny in Paris today.');
    });

    it('calls the tool it wrote itself and quotes what that returned', async () => {
      const question = { role: 'user', content: 'shout hello please' } as const;
      const shout = {
        name: 'shout',
        description: 'Writes a text in capitals',
        parameters: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] },
      };
      const events = await answer(saying('', { messages: [question], tools: [shout] }));
      const [call] = events.flatMap((event) => (event.type === 'tool-call' ? [event.call] : []));
      expect(call).toMatchObject({ name: 'shout', arguments: { text: 'hello please' } });
      const asked = { role: 'assistant', content: '', toolCalls: call === undefined ? [] : [call] } as const;
      const content = '[result 0123456789abcdef]\n> {"text":"HELLO PLEASE"}\n[end 0123456789abcdef]';
      const result = { role: 'tool', content, toolName: 'shout' } as const;
      const after = await answer(saying('', { messages: [question, asked, result], tools: [shout] }));
      expect(textOf(after)).toBe('Your skill says HELLO PLEASE');
    });

    it('writes a whole skill to the schema of a draft', async () => {
      const messages = draftPrompt('Make a skill that shouts a text', [], 4000);
      const events = await answer(saying('', { messages, format: draftFormat, maxOutputTokens: 4096 }));
      const files = draftFiles(textOf(events));
      if (typeof files === 'string') throw new Error(files);
      expect(JSON.parse(files['skill.json'] ?? '')).toMatchObject({ id: 'shout', language: 'js' });
      expect(files['scripts/main.js']).toContain('toUpperCase()');
      expect(JSON.parse(files['evals/evals.json'] ?? '')).toMatchObject({ evals: [{}, {}, {}] });
    });

    it('streams thoughts apart from the answer, and only when asked to think', async () => {
      const { model, thinking = model } = await create();
      const think = (wanted: boolean) =>
        collect(thinking.chat(saying('hello', { model: 'talos-test-think', think: wanted }), signal));
      const thoughtful = await think(true);
      expect(textOf(thoughtful, 'reasoning-delta').trim()).toBe('Somebody greets me.');
      expect(textOf(thoughtful)).toBe('Hello from the built-in test model.');
      const brisk = await think(false);
      expect(textOf(brisk, 'reasoning-delta')).toBe('');
      expect(textOf(brisk)).toBe('Hello from the built-in test model.');
    });

    it('answers without thoughts when the model cannot think', async () => {
      const events = await answer(saying('hello', { think: true }));
      expect(textOf(events, 'reasoning-delta')).toBe('');
      expect(textOf(events)).toBe('Hello from the built-in test model.');
    });

    it('says that a model is missing', async () => {
      const { model } = await create();
      const missing = saying('hello', { model: 'no-such-model' });
      await expect(collect(model.chat(missing, signal))).rejects.toMatchObject({ code: 'MODEL_MISSING' });
      await expect(model.load('no-such-model', signal)).rejects.toMatchObject({ code: 'MODEL_MISSING' });
    });

    it('lists what is installed, always with a tag', async () => {
      const names = (await (await create()).model.installed()).map((installed) => installed.name);
      expect(names).toContain('talos-test:latest');
      for (const installed of names) expect(installed).toMatch(/^[^:]+:[^:]+$/);
    });

    it('has a model in memory after load, and not after unload unless it keeps its models', async () => {
      const { model, ownModel, lacks = [] } = await create();
      const named = expect.arrayContaining([`${ownModel}:latest`]);
      await model.load(ownModel, signal, { contextTokens: 2048 });
      expect(await residentNames(model)).toEqual(named);
      await model.unload(ownModel);
      const after = await residentNames(model);
      expect(after).toEqual(lacks.includes('unload') ? named : expect.not.arrayContaining([`${ownModel}:latest`]));
      await model.unload(ownModel); // twice is free
    });

    it('tells what a model can do as far as it can be asked, and knows nothing of one that is not there', async () => {
      const { model, ownModel, lacks = [] } = await create();
      const told = lacks.includes('capabilities') ? { tools: true } : { vision: false, tools: true, embedding: false };
      expect(await model.capabilities(ownModel)).toMatchObject(told);
      await expect(model.capabilities('no-such-model')).rejects.toMatchObject({ code: 'MODEL_MISSING' });
      if (lacks.includes('embedder')) return;
      expect(await model.capabilities('talos-test-embed')).toMatchObject({ embedding: true });
    });

    it('answers from the processor when asked to keep off the GPU', async () => {
      const { model, ownModel } = await create();
      const events = await collect(model.chat(saying('hello', { model: ownModel, onCpu: true }), signal));
      expect(textOf(events)).toBe('Hello from the built-in test model.');
    });

    it('loads an embedder, too, or says that it has none', async () => {
      const { model, lacks = [] } = await create();
      const loading = model.load('talos-test-embed', signal);
      if (lacks.includes('embedder')) await expect(loading).rejects.toMatchObject({ code: 'MODEL_MISSING' });
      else await expect(loading).resolves.toBeUndefined();
    });

    it('answers a ping', async () => {
      await expect((await create()).model.ping(signal)).resolves.toBeUndefined();
    });
  });
}

/** A server that still worked for a caller would keep the model in memory. */
async function expectFree({ model, ownModel, untilFree }: LanguageModelFixture): Promise<void> {
  if (untilFree !== undefined) return untilFree();
  await model.unload(ownModel);
  await expect.poll(() => residentNames(model), { timeout: 1000, interval: 20 }).not.toContain(`${ownModel}:latest`);
}

async function residentNames(model: LanguageModel): Promise<string[]> {
  return (await model.resident()).map((resident) => resident.name);
}
