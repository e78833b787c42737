import { beforeEach, describe, expect, it } from 'vitest';

import type { MessageOptions, MessageOutcome, MessageRef } from '../../domain/chat.ts';
import type { ConversationStore } from '../../domain/ports.ts';

const answered: MessageOutcome = { state: 'answered', reply: 'fine' };
const at = 1_700_000_000_000;

let names = 0;

/** What every conversation store does with the options of messages; `create` may return the same store again. */
export function describeMessageOptions(name: string, create: () => Promise<ConversationStore>) {
  describe(name, () => {
    let store: ConversationStore;
    let conversation: string;
    const ref = (key: string): MessageRef => ({ conversation, key });

    beforeEach(async () => {
      store = await create();
      conversation = `o-${process.pid}-${(names += 1)}`;
    });

    const image = { hash: 'a'.repeat(64), type: 'image/png', bytes: 12 } as const;

    it('keeps what a message asks for beside its text, also after its end', async () => {
      const options: MessageOptions = { route: 'local', images: [image] };
      await store.accept({ conversation, key: 'a', text: 'look', options, createdAt: at });
      expect(await store.message(ref('a'))).toMatchObject({ options });
      await store.settle(ref('a'), answered, at + 1);
      expect(await store.message(ref('a'))).toMatchObject({ state: 'answered', options });
      expect(await store.conversation(conversation, { limit: 1, offset: 0 })).toMatchObject([{ options }]);
      expect(await store.recent(conversation, { seq: 2, limit: 1 })).toMatchObject([{ options }]);
    });

    it('has no options where none are asked for, however that is said', async () => {
      await store.accept({ conversation, key: 'a', text: 'x', createdAt: at });
      expect(await store.message(ref('a'))).not.toHaveProperty('options');
      expect(await store.accept({ conversation, key: 'a', text: 'x', options: {}, createdAt: at })).toMatchObject({
        kind: 'existing',
      });
    });

    it('takes the same options, in any order, for the same message and refuses others', async () => {
      const first: MessageOptions = { route: 'local', images: [image] };
      const again: MessageOptions = { images: [{ bytes: 12, type: 'image/png', hash: image.hash }], route: 'local' };
      const others: (MessageOptions | undefined)[] = [
        undefined,
        { route: 'local' },
        { route: 'cloud', images: [image] },
        { route: 'local', images: [{ ...image, hash: 'b'.repeat(64) }] },
        { route: 'local', images: [image, image] },
      ];
      const accepted = (options: MessageOptions | undefined) =>
        store.accept({ conversation, key: 'a', text: 'x', createdAt: at, ...(options && { options }) });
      expect(await accepted(first)).toEqual({ kind: 'accepted', seq: 1 });
      expect(await accepted(again)).toMatchObject({ kind: 'existing', record: { options: first } });
      for (const other of others) expect(await accepted(other)).toEqual({ kind: 'conflict' });
      expect(await store.message(ref('a'))).toMatchObject({ options: first });
    });

    it('refuses options that could not be read back, and the message is not there', async () => {
      const options = { route: 'moon' } as unknown as MessageOptions;
      await expect(store.accept({ conversation, key: 'a', text: 'x', options, createdAt: at })).rejects.toThrow();
      expect(await store.message(ref('a'))).toBeUndefined();
    });
  });
}
