import { beforeEach, describe, expect, it } from 'vitest';

import type { MessageRef, StreamEvent } from '../../domain/chat.ts';
import type { ConversationStore, StreamEntry, TokenStream } from '../../domain/ports.ts';
import { failureCode, take } from '../integration/stores/support.ts';

type Chat = { conversations: ConversationStore; tokens: TokenStream };

let names = 0;
const done: StreamEvent = { type: 'done', state: 'answered' };
const delta = (text: string): StreamEvent => ({ type: 'text-delta', text });

/** What every token stream does; `create` may return the same one again. */
export function describeTokenStream(name: string, create: () => Promise<Chat>) {
  describe(name, () => {
    let tokens: TokenStream;
    let conversations: ConversationStore;
    let ref: MessageRef;
    const write = async (...texts: string[]) => {
      for (const text of texts) await tokens.append(ref, delta(text));
    };
    const settle = () => conversations.settle(ref, { state: 'answered' }, 2);
    const follow = (lastId?: string, signal = AbortSignal.timeout(10_000)) =>
      tokens.follow(ref, lastId === undefined ? { signal } : { lastId, signal });
    const events = (entries: StreamEntry[]) => entries.map((entry) => entry.event);

    beforeEach(async () => {
      ({ tokens, conversations } = await create());
      ref = { conversation: `t-${process.pid}-${(names += 1)}`, key: 'k' };
      await conversations.accept({ ...ref, text: 'hello', createdAt: 1 });
    });

    it('gives a late reader everything in order and ends after done', async () => {
      await tokens.append(ref, { type: 'attempt-start', attempt: 1 });
      await tokens.append(ref, { type: 'reasoning-delta', text: 'hm' });
      await write('a', 'b');
      await settle();
      expect(events(await take(follow()))).toEqual([
        { type: 'attempt-start', attempt: 1 },
        { type: 'reasoning-delta', text: 'hm' },
        delta('a'),
        delta('b'),
        done,
      ]);
    });

    it('gives every early reader everything as it comes', async () => {
      const readers = Array.from({ length: 10 }, () => take(follow()));
      await write('a', 'b', 'c');
      await settle();
      for (const reader of readers) expect(events(await reader)).toEqual([delta('a'), delta('b'), delta('c'), done]);
    });

    it('goes on after any event without loss or repetition, while more is written', async () => {
      const texts = Array.from({ length: 40 }, (_, index) => `${index}`);
      const whole = take(follow());
      const writing = write(...texts).then(settle);
      const all: StreamEntry[] = [];
      while (all.at(-1)?.event.type !== 'done') all.push(...(await take(follow(all.at(-1)?.id), 7)));
      await writing;
      expect(events(all)).toEqual([...texts.map(delta), done]);
      expect(all).toEqual(await whole);
    });

    it('gives a long past in one go', async () => {
      await Promise.all(Array.from({ length: 1200 }, () => tokens.append(ref, delta('x'))));
      await settle();
      const all = await take(follow());
      expect(all).toHaveLength(1201);
      expect(new Set(all.map((entry) => entry.id)).size).toBe(1201);
    });

    it('keeps up with a reader slower than the writer', async () => {
      const writing = write(...Array.from({ length: 30 }, (_, index) => `${index}`)).then(settle);
      const read: StreamEvent[] = [];
      for await (const entry of follow()) {
        await new Promise((resolve) => setImmediate(resolve));
        read.push(entry.event);
      }
      await writing;
      expect(read).toHaveLength(31);
    });

    it('ends with the signal', async () => {
      const abort = new AbortController();
      const reading = take(follow(undefined, abort.signal));
      await write('a');
      abort.abort();
      expect((await reading).length).toBeLessThanOrEqual(1);
      expect(await take(follow(undefined, AbortSignal.abort()))).toEqual([]);
    });

    it('does not give the events of another message', async () => {
      const other = { conversation: ref.conversation, key: 'other' };
      await tokens.append(other, delta('not mine'));
      await settle();
      expect(events(await take(follow()))).toEqual([done]);
    });

    it('gives done alone to a reader who already has everything', async () => {
      await write('a');
      await settle();
      const last = (await take(follow())).at(-1);
      expect(events(await take(follow(last?.id)))).toEqual([done]);
      expect(events(await take(follow('18446744073709551615-18446744073709551615')))).toEqual([done]);
    });

    it('takes nothing after done', async () => {
      await settle();
      await write('late');
      expect(events(await take(follow()))).toEqual([done]);
    });

    it.each([
      '',
      'abc',
      '1',
      '1-',
      '-1',
      '1-0 ',
      '1-0\n',
      '$',
      '1-2-3',
      '1.5-0',
      '18446744073709551616-0',
      `${'1'.repeat(21)}-0`,
    ])('refuses the id %j', async (lastId) => {
      await settle();
      expect(await failureCode(take(follow(lastId)))).toBe('VALIDATION_FAILED');
    });

    it('keeps text as it is', async () => {
      const texts = ['a\u0000b', '😀', '\ud83d', '\r\n\r\n', 'data: x\n\n', 'ß'.repeat(30_000), ''];
      await write(...texts);
      await settle();
      expect(events(await take(follow()))).toEqual([...texts.map(delta), done]);
    });
  });
}
