import { beforeEach, describe, expect, it } from 'vitest';

import type { AwaitedCalls, SkillDrafts, ToolRounds } from '../../domain/skills/ports.ts';
import type { AwaitedCall } from '../../domain/skills/steps.ts';
import type { ToolRound } from '../../domain/skills/tool-rounds.ts';
import { hashOf } from '../unit/domain/skills/build.ts';

/** The stores of skills in chat, all of them empty. */
export type SkillChatStores = {
  readonly rounds: ToolRounds;
  readonly awaited: AwaitedCalls;
  readonly drafts: SkillDrafts;
};

const ref = { conversation: 'kitchen', key: 'one' };
const round = (name: string): ToolRound => ({
  text: '',
  calls: [
    {
      id: '1-1',
      call: { id: 'call-1', name, arguments: { text: 'ä "quoted" \u{1f600}' } },
      run: { skill: 'shout', key: 'k', hash: hashOf('a') },
    },
    { id: '1-2', call: { id: 'call-2', name: 'other', arguments: {} }, refusal: 'There is no tool of this name.' },
  ],
});
const call = (id: string, askedAt: number): AwaitedCall => ({
  message: 'kitchen.one',
  call: id,
  skill: 'shout',
  hash: hashOf('a'),
  run: 'shout.k',
  asksFor: ['reach api.example.org'],
  binding: hashOf('b'),
  askedAt,
  until: askedAt + 1000,
});

/** What every store of skills in chat does. */
export function describeSkillChat(name: string, create: () => Promise<SkillChatStores>) {
  describe(name, () => {
    let stores: SkillChatStores;
    beforeEach(async () => {
      stores = await create();
    });

    it('gives the rounds of a message back in order, and of no other message', async () => {
      const { rounds } = stores;
      for (const place of [1, 0]) await rounds.save(ref, place, round(`tool-${place}`));
      expect(await rounds.list(ref)).toEqual([round('tool-0'), round('tool-1')]);
      expect(await rounds.list({ ...ref, key: 'two' })).toEqual([]);
    });

    it('keeps the later of two rounds at one place', async () => {
      await stores.rounds.save(ref, 0, round('first'));
      await stores.rounds.save(ref, 0, round('second'));
      expect(await stores.rounds.list(ref)).toEqual([round('second')]);
    });

    it('lists calls that wait, oldest first, until they are removed', async () => {
      const { awaited } = stores;
      await awaited.add(call('2-1', 2));
      await awaited.add(call('1-1', 1));
      expect((await awaited.list()).map((one) => one.call)).toEqual(['1-1', '2-1']);
      await awaited.remove(call('1-1', 1));
      await awaited.remove(call('1-1', 1)); // twice is free
      expect(await awaited.list()).toEqual([call('2-1', 2)]);
    });

    it('keeps a call as it was first asked for', async () => {
      await stores.awaited.add(call('1-1', 1));
      await stores.awaited.add(call('1-1', 9));
      expect(await stores.awaited.list()).toEqual([call('1-1', 1)]);
    });

    it('begins a draft once, and keeps what became of it', async () => {
      const { drafts } = stores;
      const begun = await drafts.begin({ key: 'd', request: 'Make a skill that shouts', by: 'owner', createdAt: 1 });
      expect(begun).toMatchObject({ state: 'writing', tries: [] });
      await drafts.save({ ...begun, tries: [{ reply: '{}', problem: 'no id' }] });
      const again = await drafts.begin({ key: 'd', request: 'another', by: 'owner', createdAt: 2 });
      expect(again).toMatchObject({ request: 'Make a skill that shouts', tries: [{ reply: '{}', problem: 'no id' }] });
      expect(await drafts.get('d')).toEqual(again);
      expect(await drafts.get('unknown')).toBeUndefined();
    });
  });
}
