import { beforeEach, describe, expect, it } from 'vitest';

import type { ConversationStore } from '../../domain/ports.ts';

const at = 1_700_000_000_000;

/** What lists all conversations; `create` must return an empty store. */
export function describeConversationList(name: string, create: () => Promise<ConversationStore>) {
  describe(name, () => {
    let store: ConversationStore;
    const accept = (conversation: string, key: string, createdAt: number) =>
      store.accept({ conversation, key, text: `${key} of ${conversation}`, createdAt });
    const ids = async (limit = 10, offset = 0) =>
      (await store.conversations({ limit, offset })).map((summary) => summary.id);

    beforeEach(async () => {
      store = await create();
    });

    it('lists nothing at first', async () => {
      expect(await ids()).toEqual([]);
    });

    it('lists the newest first, with title, number of messages and times', async () => {
      await accept('one', 'a', at);
      await accept('two', 'a', at + 1);
      await accept('one', 'b', at + 2);
      await store.settle({ conversation: 'two', key: 'a' }, { state: 'answered' }, at + 3);
      expect(await store.conversations({ limit: 10, offset: 0 })).toEqual([
        { id: 'two', title: 'a of two', messages: 1, createdAt: at + 1, updatedAt: at + 3 },
        { id: 'one', title: 'a of one', messages: 2, createdAt: at, updatedAt: at + 2 },
      ]);
    });

    it('pages', async () => {
      for (const [index, id] of ['one', 'two', 'three'].entries()) await accept(id, 'a', at + index);
      expect(await ids(2)).toEqual(['three', 'two']);
      expect(await ids(2, 2)).toEqual(['one']);
      expect(await ids(2, 3)).toEqual([]);
      expect(await ids(0)).toEqual([]);
    });

    it('does not move a conversation down when the clock was set back', async () => {
      await accept('one', 'a', at + 10);
      await accept('two', 'a', at + 5);
      await accept('one', 'b', at - 100);
      await store.settle({ conversation: 'one', key: 'b' }, { state: 'answered' }, at - 99);
      expect(await ids()).toEqual(['one', 'two']);
    });

    it('cuts a title after 80 characters, none of them in half', async () => {
      await store.accept({ conversation: 'one', key: 'a', text: `x${'😀'.repeat(100)}`, createdAt: at });
      const [summary] = await store.conversations({ limit: 1, offset: 0 });
      expect(summary?.title).toBe(`x${'😀'.repeat(79)}`);
    });

    it('keeps apart conversations and keys whose names could be confused', async () => {
      for (const id of ['a', 'a-messages', 'a_pending', 'messages', 'a--']) await accept(id, 'messages', at);
      for (const id of ['a', 'a-messages', 'a_pending', 'messages', 'a--']) {
        expect(await accept(id, 'pending', at)).toEqual({ kind: 'accepted', seq: 2, after: 'messages' });
      }
    });
  });
}
