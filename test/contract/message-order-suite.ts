import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';

import type { MessageOutcome, MessageRef } from '../../domain/chat.ts';
import type { Acceptance, ConversationStore } from '../../domain/ports.ts';

const answered: MessageOutcome = { state: 'answered', reply: 'fine' };
const at = 1_700_000_000_000;

let names = 0;
const newConversation = () => `p-${process.pid}-${(names += 1)}`;

/** In which order every conversation store has messages answered; `create` may return the same store again. */
export function describeMessageOrder(name: string, create: () => Promise<ConversationStore>) {
  describe(name, () => {
    let store: ConversationStore;
    let conversation: string;
    const ref = (key: string): MessageRef => ({ conversation, key });
    const accept = (key: string) => store.accept({ conversation, key, text: `text of ${key}`, createdAt: at });

    beforeEach(async () => {
      store = await create();
      conversation = newConversation();
    });

    it('names no predecessor once that has ended', async () => {
      await accept('a');
      await store.settle(ref('a'), answered, at + 1);
      expect(await accept('b')).toEqual({ kind: 'accepted', seq: 2 });
    });

    it('names the nearest pending one when the one between ended early', async () => {
      await accept('a');
      await accept('b');
      await store.settle(ref('b'), { state: 'blocked' }, at + 1);
      expect(await accept('c')).toEqual({ kind: 'accepted', seq: 3, after: 'a' });
    });

    it('names the predecessor to a repeated request while both are pending', async () => {
      await accept('a');
      await accept('b');
      expect(await accept('b')).toMatchObject({ kind: 'existing', after: 'a' });
      await store.settle(ref('a'), answered, at + 1);
      expect(await accept('b')).not.toHaveProperty('after');
    });

    it('names none to a repeated request of a message that has ended', async () => {
      await accept('a');
      await accept('b');
      await store.settle(ref('b'), { state: 'stopped' }, at + 1);
      expect(await accept('b')).toMatchObject({ kind: 'existing', record: { state: 'stopped' } });
      expect(await accept('b')).not.toHaveProperty('after');
    });

    it('holds for any order of accepting and settling', async () => {
      const key = fc.constantFrom('k0', 'k1', 'k2', 'k3', 'k4', 'k5');
      const step = fc.record({ kind: fc.constantFrom('accept' as const, 'settle' as const), key });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
          conversation = newConversation();
          const model = { order: [] as string[], pending: new Set<string>(), after: new Map<string, string>() };
          for (const one of steps) {
            if (one.kind === 'accept') checkAccepted(model, one.key, await accept(one.key));
            else {
              expect(await store.settle(ref(one.key), answered, at + 1)).toBe(model.pending.delete(one.key));
            }
          }
        }),
        { numRuns: 40 },
      );
    });

    it('lets exactly one of racing settlements win, whatever else goes on', async () => {
      const count = fc.integer({ min: 1, max: 6 });
      await fc.assert(
        fc.asyncProperty(fc.array(count, { minLength: 1, maxLength: 6 }), async (settlements) => {
          conversation = newConversation();
          await Promise.all(settlements.map((_, index) => accept(`k${index}`)));
          const wins = await Promise.all(
            settlements.flatMap((times, index) =>
              Array.from({ length: times }, (_, time) =>
                store.settle(ref(`k${index}`), { state: 'answered', reply: `${time}` }, at + time),
              ),
            ),
          );
          expect(wins.filter(Boolean)).toHaveLength(settlements.length);
        }),
        { numRuns: 20 },
      );
    });
  });
}

type Model = { order: string[]; pending: Set<string>; after: Map<string, string> };

function checkAccepted(model: Model, key: string, acceptance: Acceptance): void {
  const place = model.order.indexOf(key);
  const earlier = place === -1 ? model.order : model.order.slice(0, place);
  const nearest = earlier.findLast((one) => model.pending.has(one));
  if (acceptance.kind === 'conflict') throw new Error('same text, so no conflict');
  if (place === -1) {
    model.order.push(key);
    expect(acceptance).toMatchObject({ kind: 'accepted', seq: model.order.length });
    if (acceptance.after !== undefined) model.after.set(key, acceptance.after);
    const chain: string[] = [];
    for (let one = model.after.get(key); one !== undefined; one = model.after.get(one)) chain.push(one);
    expect(chain).toEqual(expect.arrayContaining([...model.pending]));
    model.pending.add(key);
  } else {
    expect(acceptance).toMatchObject({ kind: 'existing', record: { seq: place + 1 } });
  }
  expect(acceptance.after).toBe(model.pending.has(key) ? nearest : undefined);
}
