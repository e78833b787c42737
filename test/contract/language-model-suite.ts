import { describe, expect, it } from 'vitest';

import type { ModelEvent, ModelRequest } from '../../domain/models/model.ts';
import { draftPrompt } from '../../domain/prompt/draft.ts';
import { draftFiles, draftFormat } from '../../domain/skills/draft-reply.ts';
import type { LanguageModel } from '../../domain/ports.ts';

/**
 * What a server cannot do, each proven by a test of its own: `unload` (models stay as long as the server wants), `integer-bounds` (a schema's
 * limits of numbers are not kept; callers validate all the same), `embedder` (this one runs a chat model alone).
 */
export type Lack = 'unload' | 'integer-bounds' | 'embedder';

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

/** Room for an answer of many seconds, which only a stop can end in time. */
const longRun = { contextTokens: 65_536, maxOutputTokens: 65_000 };

/** A request that says `text` to the built-in test model. */
export function saying(text: string, overrides: Partial<ModelRequest> = {}): ModelRequest {
  return {
    model: 'talos-test',
    messages: [{ role: 'user', content: text }],
    contextTokens: 2048,
    maxOutputTokens: 512,
    temperature: 0,
    think: false,
    ...overrides,
  };
}

/** Everything a model streams. */
export async function collect(events: AsyncIterable<ModelEvent>): Promise<ModelEvent[]> {
  const all: ModelEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

/** The deltas of one kind as one text. */
export function textOf(events: readonly ModelEvent[], type: 'text-delta' | 'reasoning-delta' = 'text-delta'): string {
  return events.map((event) => (event.type === type ? event.text : '')).join('');
}

/** What every chat model server with the built-in test models does. */
export function describeLanguageModel(name: string, create: () => Promise<LanguageModelFixture>) {
  describe(name, () => {
    const signal = AbortSignal.timeout(60_000);
    const answer = async (request: ModelRequest) => collect((await create()).model.chat(request, signal));

    it('streams an answer in pieces and ends with what it cost', async () => {
      const events = await answer(saying('hello'));
      expect(textOf(events)).toBe('Hello from the built-in test model.');
      expect(events.filter((event) => event.type === 'text-delta').length).toBeGreaterThan(3);
      const finish = events.at(-1);
      expect(finish).toMatchObject({ type: 'finish', reason: 'stop' });
      expect(finish?.type === 'finish' && finish.promptTokens > 0 && finish.outputTokens > 3).toBe(true);
      expect(events.filter((event) => event.type === 'finish')).toHaveLength(1);
    });

    it('looks at the last message only, so an earlier one does not change the answer', async () => {
      const earlier = [{ role: 'user', content: 'a story' } as const, { role: 'assistant', content: 'Once.' } as const];
      const events = await answer(saying('', { messages: [...earlier, { role: 'user', content: 'hello' }] }));
      expect(textOf(events)).toBe('Hello from the built-in test model.');
    });

    it('gives a long answer whole', async () => {
      expect(textOf(await answer(saying('a long one, please')))).toMatch(/^Counting: 1 2 3 .* 299 300 done\.$/);
    });

    it.each([
      ['prose', 'The quick brown fox jumps over the lazy dog. '],
      ['punctuation', '!?{}[]();'],
      ['Chinese', '今天天气很好'],
      ['emoji', '😀🎉'],
    ])('has room for ten thousand characters of %s', async (_, text) => {
      const message = text.repeat(10_000).slice(0, 10_000);
      expect(textOf(await answer(saying(message)))).toBe('Hello from the built-in test model.');
    });

    it('stops at the longest output asked for and says so', async () => {
      const events = await answer(saying('go on forever', { maxOutputTokens: 20 }));
      expect(events.at(-1)).toMatchObject({ type: 'finish', reason: 'length' });
      expect(textOf(events)).toMatch(/^On and on and on/);
    });

    it('answers as exactly when it may choose freely', async () => {
      expect(textOf(await answer(saying('hello', { temperature: 1.5 })))).toBe('Hello from the built-in test model.');
    });

    it('ends with the reason of an abort, and the server is free at once', async () => {
      const { model, ownModel } = await create();
      const controller = new AbortController();
      const reason = new Error('the caller left');
      const endless = saying('forever', { model: ownModel, ...longRun });
      let pieces = 0;
      const reading = (async () => {
        for await (const event of model.chat(endless, controller.signal)) {
          if (event.type === 'text-delta') pieces += 1;
          if (pieces === 5) controller.abort(reason);
        }
      })();
      await expect(reading).rejects.toBe(reason);
      await expectFree(await create());
    });

    it('is free at once when the reader just stops reading', async () => {
      const { model, ownModel } = await create();
      const endless = saying('forever', { model: ownModel, ...longRun });
      for await (const event of model.chat(endless, signal)) if (event.type === 'text-delta') break;
      await expectFree(await create());
    });

    it('does nothing for a caller who has left already', async () => {
      const { model } = await create();
      const reason = new Error('gone');
      await expect(collect(model.chat(saying('hello'), AbortSignal.abort(reason)))).rejects.toBe(reason);
    });

    it('follows a JSON Schema', async () => {
      const properties = {
        answer: { type: 'string' },
        count: { type: 'integer', minimum: 2, maximum: 9 },
        sure: { type: 'boolean' },
        mood: { enum: ['calm', 'curious'] },
        tags: { type: 'array', items: { type: 'string' } },
      };
      const format = { type: 'object', properties, required: Object.keys(properties) };
      const { lacks = [] } = await create();
      const events = await answer(saying('hello', { format }));
      expect(JSON.parse(textOf(events))).toEqual({
        answer: expect.any(String),
        count: lacks.includes('integer-bounds') ? expect.any(Number) : 2,
        sure: false,
        mood: 'calm',
        tags: expect.any(Array),
      });
    });

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
      const messages = draftPrompt('Make a skill that shouts a text', []);
      const events = await answer(saying('', { messages, format: draftFormat, maxOutputTokens: 4096 }));
      const files = draftFiles(textOf(events));
      if (typeof files === 'string') throw new Error(files);
      expect(JSON.parse(files['skill.json'] ?? '')).toMatchObject({ id: 'shout', language: 'js' });
      expect(files['scripts/main.js']).toContain('toUpperCase()');
      expect(JSON.parse(files['evals/evals.json'] ?? '')).toMatchObject({ evals: [{}, {}, {}] });
    });

    it('calls no tool when none is offered', async () => {
      const events = await answer(saying('How is the weather?'));
      expect(events.some((event) => event.type === 'tool-call')).toBe(false);
      expect(textOf(events)).toBe('Hello from the built-in test model.');
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
      await model.load(ownModel, signal);
      expect(await residentNames(model)).toEqual(named);
      await model.unload(ownModel);
      const after = await residentNames(model);
      expect(after).toEqual(lacks.includes('unload') ? named : expect.not.arrayContaining([`${ownModel}:latest`]));
      await model.unload(ownModel); // twice is free
    });

    it('loads an embedder, too, or says that it has none', async () => {
      const { model, lacks = [] } = await create();
      const loading = model.load('talos-test-embed', signal);
      if (lacks.includes('embedder')) await expect(loading).rejects.toMatchObject({ code: 'MODEL_MISSING' });
      else await expect(loading).resolves.toBeUndefined();
    });

    it('answers eight at once, each its own', async () => {
      const { model } = await create();
      const texts = Array.from({ length: 8 }, (_, index) => (index % 2 === 0 ? 'hello' : 'a story'));
      const answers = await Promise.all(texts.map((text) => collect(model.chat(saying(text), signal))));
      answers.forEach((events, index) => {
        expect(textOf(events)).toMatch(index % 2 === 0 ? /^Hello from/ : /^Once upon a time/);
      });
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
