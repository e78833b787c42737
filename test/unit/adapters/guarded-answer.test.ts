import { describe, expect, it } from 'vitest';

import { guardAnswer } from '../../../adapters/guarded-answer.ts';
import type { ModelEvent } from '../../../domain/models/model.ts';
import { collect, saying, textOf } from '../../contract/chat-suite.ts';

const finish: ModelEvent = { type: 'finish', reason: 'stop', promptTokens: 3, outputTokens: 2 };
const text = (piece: string): ModelEvent => ({ type: 'text-delta', text: piece });

async function* stream(...events: readonly ModelEvent[]): AsyncGenerator<ModelEvent> {
  yield* events;
}

/** A model that never stops; tells how much of it was read. */
function endless(event: ModelEvent) {
  const read = { events: 0, closed: false };
  async function* events(): AsyncGenerator<ModelEvent> {
    try {
      for (;;) {
        read.events += 1;
        yield event;
      }
    } finally {
      read.closed = true;
    }
  }
  return { read, events: events() };
}

const guarded = (
  events: AsyncIterable<ModelEvent>,
  { answerMs = 60_000, now = (): number => 0, maxOutputTokens = 100 } = {},
): Promise<ModelEvent[]> => collect(guardAnswer(events, saying('hi', { maxOutputTokens }), { answerMs, now }));

describe('an answer', () => {
  it('passes as it is', async () => {
    const call: ModelEvent = { type: 'tool-call', call: { id: '1', name: 'look', arguments: {} } };
    const thought: ModelEvent = { type: 'reasoning-delta', text: 'hm' };
    expect(await guarded(stream(thought, text('Hi'), finish))).toEqual([thought, text('Hi'), finish]);
    expect(await guarded(stream(call, finish))).toEqual([call, finish]);
  });

  it.each([
    ['nothing', [finish], /answered nothing/],
    ['nothing but space', [text(' '), text('\n'), finish], /answered nothing/],
    ['nothing but thoughts', [{ type: 'reasoning-delta', text: 'hm' }, finish], /QWEN_MAX_TOKENS/],
  ] as const)('that says %s is refused', async (_, events, message) => {
    await expect(guarded(stream(...events))).rejects.toMatchObject({
      code: 'MODEL_REFUSED',
      message: expect.stringMatching(message),
    });
  });

  it('that never stops is cut at the longest output, whatever the server was told', async () => {
    const { read, events } = endless(text('on '));
    const all = await guarded(events);
    expect(all.at(-1)).toEqual({ type: 'finish', reason: 'length', promptTokens: 0, outputTokens: 165 });
    expect(textOf(all)).toHaveLength(165 * 3);
    expect(read).toEqual({ events: 165, closed: true });
  });

  it('is cut as well when its pieces are huge', async () => {
    const { read, events } = endless(text('x'.repeat(10_000)));
    expect((await guarded(events)).at(-1)).toMatchObject({ type: 'finish', reason: 'length' });
    expect(read).toEqual({ events: 3, closed: true });
  });

  it('that takes too long ends for good, and what came before has come', async () => {
    let now = 0;
    const { read, events } = endless(text('on '));
    const ticking = guarded(events, { answerMs: 50, now: () => (now += 10), maxOutputTokens: 10_000 });
    await expect(ticking).rejects.toMatchObject({ code: 'MODEL_TIMEOUT', details: { final: true } });
    expect(read.closed).toBe(true);
  });

  it('may begin late: its time counts from its first piece', async () => {
    let now = 0;
    async function* late(): AsyncGenerator<ModelEvent> {
      now = 1000;
      yield* [text('Hi'), finish];
    }
    expect(await guarded(late(), { answerMs: 50, now: () => now })).toEqual([text('Hi'), finish]);
  });
});
