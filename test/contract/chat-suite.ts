import { describe, expect, it } from 'vitest';

import type { ModelEvent, ModelRequest } from '../../domain/models/model.ts';

/** What answers, a chat model on it that nobody else uses, and a check that it works for nobody any more. */
export type ChatFixture = {
  readonly chat: (request: ModelRequest, signal: AbortSignal) => AsyncIterable<ModelEvent>;
  readonly ownModel: string;
  readonly expectFree: () => Promise<void>;
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

/** What everything that answers as the built-in test model does in a chat without tools. */
export function describeChat(name: string, create: () => Promise<ChatFixture>) {
  describe(name, () => {
    const signal = AbortSignal.timeout(60_000);
    const answer = async (request: ModelRequest) => collect((await create()).chat(request, signal));

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
      const { chat, ownModel, expectFree } = await create();
      const controller = new AbortController();
      const reason = new Error('the caller left');
      const endless = saying('forever', { model: ownModel, ...longRun });
      let pieces = 0;
      const reading = (async () => {
        for await (const event of chat(endless, controller.signal)) {
          if (event.type === 'text-delta') pieces += 1;
          if (pieces === 5) controller.abort(reason);
        }
      })();
      await expect(reading).rejects.toBe(reason);
      await expectFree();
    });

    it('is free at once when the reader just stops reading', async () => {
      const { chat, ownModel, expectFree } = await create();
      const endless = saying('forever', { model: ownModel, ...longRun });
      for await (const event of chat(endless, signal)) if (event.type === 'text-delta') break;
      await expectFree();
    });

    it('does nothing for a caller who has left already', async () => {
      const { chat } = await create();
      const reason = new Error('gone');
      await expect(collect(chat(saying('hello'), AbortSignal.abort(reason)))).rejects.toBe(reason);
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
      const events = await answer(saying('hello', { format }));
      expect(JSON.parse(textOf(events))).toEqual({
        answer: expect.any(String),
        count: 2,
        sure: false,
        mood: 'calm',
        tags: expect.any(Array),
      });
    });

    it('calls no tool when none is offered', async () => {
      const events = await answer(saying('How is the weather?'));
      expect(events.some((event) => event.type === 'tool-call')).toBe(false);
      expect(textOf(events)).toBe('Hello from the built-in test model.');
    });

    it('answers eight at once, each its own', async () => {
      const { chat } = await create();
      const texts = Array.from({ length: 8 }, (_, index) => (index % 2 === 0 ? 'hello' : 'a story'));
      const answers = await Promise.all(texts.map((text) => collect(chat(saying(text), signal))));
      answers.forEach((events, index) => {
        expect(textOf(events)).toMatch(index % 2 === 0 ? /^Hello from/ : /^Once upon a time/);
      });
    });
  });
}
