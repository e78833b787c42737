import { afterEach, describe, expect, inject, it } from 'vitest';

import { TalosError } from '../../../domain/errors.ts';
import type { StreamEvent } from '../../../domain/chat.ts';
import { createSkillTwins, type SkillTwins } from '../../support/skill-twins.ts';
import { startTalos } from '../../support/talos.ts';
import { newSkillId } from '../skills/support.ts';
import { scriptedModel, use } from './skill-script.ts';

type Talos = Awaited<ReturnType<typeof startTalos>>;

describe('several calls at a time', () => {
  let talos: Talos;
  let skills: SkillTwins;
  let id: string;

  /** A model that calls a skill twice; `onEvent` hears what readers are told before they are. */
  async function start(onEvent: (event: StreamEvent) => void, hosts: string[] = []) {
    id = newSkillId();
    const model = scriptedModel((_request, turn) => {
      return turn > 1
        ? 'Done.'
        : [
            [id, { input: 1 }],
            [id, { input: 2 }],
          ];
    });
    skills = createSkillTwins();
    talos = await startTalos(inject('stack'), {
      skills,
      trustLevel: 0,
      wrap(ports) {
        const wrapped = model.wrap(ports);
        const append: typeof wrapped.tokens.append = async (ref, event) => {
          onEvent(event);
          await wrapped.tokens.append(ref, event);
        };
        return { ...wrapped, tokens: { ...wrapped.tokens, append } };
      },
    });
    await Promise.all((['core', 'gpu', 'sandbox'] as const).map((role) => talos.serve(role)));
    await use(skills, id, { hosts });
    return model;
  }
  afterEach(() => talos.close());

  const runs = () => skills.skillRuns.list(id, { limit: 5, offset: 0, failedOnly: false });

  it('of which one has ended when the message is stopped: it stays a step of it', async () => {
    const [ended, began] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    await start((event) => {
      if (event.type === 'tool-end') ended.resolve();
    });
    skills.sandbox.follow(async ({ input }, signal) => {
      if (input === 1) return undefined;
      began.resolve();
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      return { verdict: 'cancelled' };
    });
    const ref = await talos.send('double one and two');
    await Promise.all([ended.promise, began.promise]);
    await talos.ports.runtime.stopMessage(ref);
    const record = await talos.settled(ref);
    expect(record).toMatchObject({ state: 'stopped', steps: [{ id: '1-1', verdict: 'ok' }] });
    expect((await runs()).map(({ state }) => state).toSorted()).toEqual(['cancelled', 'ok']);
  });

  it('of which one fails for good: the other one waits for nobody any more', async () => {
    await start(
      (event) => {
        if (event.type === 'tool-start' && event.id === '1-2') throw new TalosError('INTERNAL', 'no such stream');
      },
      ['api.example.org'],
    );
    const ref = await talos.send('double one and two');
    await expect.poll(() => skills.awaitedCalls.list(), { timeout: 15_000 }).toHaveLength(2);
    const consent = { by: 'owner', isAllowed: true, approval: 'approval-1' } as const;
    await talos.ports.runtime.decideCall(ref, { call: '1-2', ...consent });
    expect(await talos.settled(ref)).toMatchObject({ state: 'failed' });
    expect(await skills.awaitedCalls.list()).toEqual([]);
    expect((await runs()).map(({ state }) => state)).toEqual(['cancelled', 'cancelled']);
  });
});
