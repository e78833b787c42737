import { beforeEach, describe, expect, it } from 'vitest';

import type { MessageOutcome, MessageRef } from '../../domain/chat.ts';
import type { ConversationStore, TokenStream } from '../../domain/ports.ts';
import { take } from '../integration/stores/support.ts';

type Chat = { conversations: ConversationStore; tokens: TokenStream };

const answered: MessageOutcome = { state: 'answered', reply: 'fine' };
const at = 1_700_000_000_000;

let names = 0;
const newConversation = () => `c-${process.pid}-${(names += 1)}`;

/** What every conversation store does; each test has conversations of its own, `create` may return the same store again. */
export function describeConversationStore(name: string, create: () => Promise<Chat>) {
  describe(name, () => {
    let chat: Chat;
    let store: ConversationStore;
    let conversation: string;
    const ref = (key: string): MessageRef => ({ conversation, key });
    const accept = (key: string, text = `text of ${key}`, createdAt = at) =>
      store.accept({ conversation, key, text, createdAt });

    beforeEach(async () => {
      chat = await create();
      store = chat.conversations;
      conversation = newConversation();
    });

    it('answers a ping', async () => {
      await expect(store.ping(AbortSignal.timeout(1000))).resolves.toBeUndefined();
    });

    describe('accepting', () => {
      it('numbers the messages of a conversation from 1', async () => {
        expect(await accept('a')).toEqual({ kind: 'accepted', seq: 1 });
        expect(await accept('b')).toEqual({ kind: 'accepted', seq: 2, after: 'a' });
        expect(await store.message(ref('b'))).toEqual({
          conversation,
          key: 'b',
          seq: 2,
          text: 'text of b',
          state: 'pending',
          createdAt: at,
        });
      });

      it('takes the same key and text for the same message', async () => {
        await accept('a');
        const again = await accept('a', 'text of a', at + 5);
        expect(again).toEqual({ kind: 'existing', record: await store.message(ref('a')) });
        expect(await accept('b')).toMatchObject({ seq: 2 });
      });

      it('refuses another text under the same key and keeps the first', async () => {
        await accept('a');
        expect(await accept('a', 'something else')).toEqual({ kind: 'conflict' });
        expect(await store.message(ref('a'))).toMatchObject({ text: 'text of a', seq: 1 });
      });

      it('keeps the same key of another conversation apart', async () => {
        await accept('a');
        const other = newConversation();
        expect(await store.accept({ conversation: other, key: 'a', text: 'x', createdAt: at })).toMatchObject({
          seq: 1,
        });
        expect(await store.message(ref('a'))).toMatchObject({ text: 'text of a' });
      });

      it('gives one of many racing equal requests a place, and the others the same record', async () => {
        const all = await Promise.all(Array.from({ length: 20 }, () => accept('a')));
        expect(all.filter((one) => one.kind === 'accepted')).toHaveLength(1);
        expect(all.filter((one) => one.kind === 'existing' && one.record.seq === 1)).toHaveLength(19);
      });

      it('gives racing messages places without a gap, each after the one before', async () => {
        const keys = Array.from({ length: 30 }, (_, index) => `k${index}`);
        await Promise.all(keys.map((key) => accept(key)));
        const records = (await store.conversation(conversation, { limit: 50, offset: 0 })) ?? [];
        expect(records.map((record) => record.seq)).toEqual(keys.map((_, index) => index + 1));
        expect(records.map((record) => record.key).toSorted()).toEqual(keys.toSorted());
      });

      it('does not know a message nobody sent', async () => {
        expect(await store.message(ref('nobody'))).toBeUndefined();
      });

      const texts = {
        'a NUL': 'be\u0000fore',
        'emoji and accents': '👩‍👩‍👧‍👦 é e\u0301 \u202e',
        'line ends': 'one\r\ntwo\nthree\r',
        '64 KB': 'ä€😀'.repeat(8000),
        'what looks like protocol': '$5\r\nhello\r\n*1\r\n',
        'what looks like JSON': '{"state":"answered"}',
        'a single zero': '0',
      };
      it.each(Object.entries(texts))('keeps text with %s as it is', async (_name, text) => {
        await accept('a', text);
        await store.saveDraft(ref('a'), text);
        await store.saveContext(ref('a'), text);
        expect(await accept('a', text)).toMatchObject({ kind: 'existing', record: { text } });
        expect(await store.context(ref('a'))).toBe(text);
        await store.settle(ref('a'), { state: 'failed', error: { code: 'INTERNAL', message: text } }, at + 1);
        expect(await store.message(ref('a'))).toMatchObject({ text, reply: text, error: { message: text } });
      });
    });

    describe('settling', () => {
      it('keeps everything of the outcome', async () => {
        await accept('a');
        const outcome: MessageOutcome = {
          state: 'answered',
          reply: 'hello',
          model: 'talos-test',
          route: 'local',
          notice: 'test model',
          usage: { promptTokens: 3, outputTokens: 4 },
          memory: { state: 'used', count: 2 },
        };
        expect(await store.settle(ref('a'), outcome, at + 9)).toBe(true);
        expect(await store.message(ref('a'))).toEqual({
          conversation,
          key: 'a',
          seq: 1,
          text: 'text of a',
          createdAt: at,
          finishedAt: at + 9,
          ...outcome,
        });
      });

      it('counts the first time only', async () => {
        await accept('a');
        await store.settle(ref('a'), answered, at + 1);
        const first = await store.message(ref('a'));
        expect(await store.settle(ref('a'), { state: 'failed', reply: 'no' }, at + 2)).toBe(false);
        expect(await store.message(ref('a'))).toEqual(first);
      });

      it('does nothing for an unknown message', async () => {
        expect(await store.settle(ref('nobody'), answered, at)).toBe(false);
        expect(await store.message(ref('nobody'))).toBeUndefined();
        expect(await store.conversation(conversation, { limit: 1, offset: 0 })).toBeUndefined();
      });

      it.each(['answered', 'stopped', 'failed'] as const)(
        'takes the draft as the reply of a message %s without one',
        async (state) => {
          await accept('a');
          await store.saveDraft(ref('a'), 'so');
          await store.saveDraft(ref('a'), 'so far');
          await store.settle(ref('a'), { state }, at + 1);
          expect(await store.message(ref('a'))).toMatchObject({ state, reply: 'so far' });
        },
      );

      it('prefers the reply of the outcome, even an empty one', async () => {
        await accept('a');
        await store.saveDraft(ref('a'), 'draft');
        await store.settle(ref('a'), { state: 'answered', reply: '' }, at + 1);
        expect(await store.message(ref('a'))).toMatchObject({ reply: '' });
      });

      it('has no reply where there was no draft', async () => {
        await accept('a');
        await store.settle(ref('a'), { state: 'blocked', error: { code: 'FIREWALL_BLOCKED', message: 'no' } }, at + 1);
        expect(await store.message(ref('a'))).not.toHaveProperty('reply');
      });

      it('takes no draft after the end and none of an unknown message', async () => {
        await accept('a');
        await store.settle(ref('a'), answered, at + 1);
        await store.saveDraft(ref('a'), 'late');
        await store.saveDraft(ref('nobody'), 'late');
        expect(await store.message(ref('a'))).toMatchObject({ reply: 'fine' });
        expect(await store.message(ref('nobody'))).toBeUndefined();
      });

      it('refuses an outcome that could not be read back, and the message stays pending', async () => {
        await accept('a');
        const broken = { state: 'answered', usage: { promptTokens: -1, outputTokens: 0 } } as MessageOutcome;
        await expect(store.settle(ref('a'), broken, at + 1)).rejects.toThrow();
        expect(await store.message(ref('a'))).toMatchObject({ state: 'pending' });
      });

      it('tells everyone who follows, with the code of the error', async () => {
        await accept('a');
        const followed = take(chat.tokens.follow(ref('a'), { signal: AbortSignal.timeout(5000) }));
        await store.settle(ref('a'), { state: 'failed', error: { code: 'MODEL_TIMEOUT', message: 'slow' } }, at + 1);
        const events = (await followed).map((entry) => entry.event);
        expect(events).toEqual([{ type: 'done', state: 'failed', code: 'MODEL_TIMEOUT' }]);
      });
    });

    describe('reading back', () => {
      it('finds the newest answered messages before a place, oldest first', async () => {
        for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) await accept(key);
        for (const key of ['f', 'a', 'e', 'd']) await store.settle(ref(key), answered, at + 1);
        await store.settle(ref('b'), { state: 'blocked' }, at + 1);
        const keys = async (seq: number, limit: number) =>
          (await store.recent(conversation, { seq, limit })).map((record) => record.key);
        expect(await keys(6, 10)).toEqual(['a', 'd', 'e']);
        expect(await keys(6, 2)).toEqual(['d', 'e']);
        expect(await keys(4, 2)).toEqual(['a']);
        expect(await keys(1, 10)).toEqual([]);
        expect(await keys(7, 0)).toEqual([]);
        expect(await store.recent('nowhere', { seq: 5, limit: 5 })).toEqual([]);
      });

      it('pages through a conversation, oldest first', async () => {
        for (const key of ['a', 'b', 'c']) await accept(key);
        const keys = async (limit: number, offset: number) =>
          (await store.conversation(conversation, { limit, offset }))?.map((record) => record.key);
        expect(await keys(2, 0)).toEqual(['a', 'b']);
        expect(await keys(2, 2)).toEqual(['c']);
        expect(await keys(2, 3)).toEqual([]);
        expect(await keys(0, 0)).toEqual([]);
        expect(await store.conversation('nowhere', { limit: 2, offset: 0 })).toBeUndefined();
        expect(await store.conversation('nowhere', { limit: 0, offset: 0 })).toBeUndefined();
      });

      it('keeps the context of each message by itself', async () => {
        await accept('a');
        await store.saveContext(ref('a'), 'memories');
        expect(await store.context(ref('a'))).toBe('memories');
        expect(await store.context(ref('b'))).toBeUndefined();
      });
    });
  });
}
