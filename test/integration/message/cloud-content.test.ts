import { afterEach, describe, expect, inject, it } from 'vitest';

import { createMemoryCloudModel, type MemoryCloudModel } from '../../../adapters/memory/cloud-model.ts';
import type { TalosError } from '../../../domain/errors.ts';
import { startTalos, type TestPorts } from '../../support/talos.ts';
import { unreachable, withEngine } from './cloud-support.ts';

type Talos = Awaited<ReturnType<typeof startTalos>>;
type Options = Parameters<typeof startTalos>[1];

describe('what goes to the cloud', () => {
  let talos: Talos;
  let cloud: MemoryCloudModel;

  /** A local engine that fails like this, or works, and a cloud. */
  async function start(failure: TalosError | undefined, { context, ...options }: Options & { context?: string } = {}) {
    cloud = createMemoryCloudModel({ model: 'gemini-test' });
    talos = await startTalos(inject('stack'), {
      ...options,
      wrap: (ports) => ({
        ...withEngine(ports, failure),
        cloud,
        ...(context !== undefined && { conversations: { ...ports.conversations, context: async () => context } }),
      }),
    });
    await Promise.all([talos.serve('core'), talos.serve('gpu')]);
    return talos;
  }
  afterEach(() => talos.close());

  const called = () => talos.ports.audited.events().filter(({ type }) => type === 'cloud-called');
  const sent = () => JSON.stringify(cloud.requests());

  it('is looked at once more before it leaves: what has changed since the plan stays here', async () => {
    const image = { hash: 'a'.repeat(64), type: 'image/png', bytes: 3 } as const;
    cloud = createMemoryCloudModel({ model: 'gemini-test' });
    let isPlanned = false;
    const state = async () => {
      const known = await cloud.state();
      isPlanned = true;
      return known;
    };
    talos = await startTalos(inject('stack'), {
      wrap: (ports) => ({
        ...ports,
        cloud: { ...cloud, state },
        conversations: {
          ...ports.conversations,
          async message(ref) {
            const record = await ports.conversations.message(ref);
            return record && isPlanned ? { ...record, options: { images: [image] } } : record;
          },
        },
      }),
    });
    await Promise.all([talos.serve('core'), talos.serve('gpu')]);
    const record = await talos.settled(await talos.send('hello', { options: { route: 'cloud' } }));
    expect(record).toMatchObject({ state: 'failed', error: { code: 'VALIDATION_FAILED' } });
    expect(cloud.requests()).toEqual([]);
    expect(called()).toEqual([]);
  });

  it('needs leave that the owner began to ask for after the plan', async () => {
    let fallback: 'auto' | 'ask' = 'auto';
    const answering = createMemoryCloudModel({ model: 'gemini-test' });
    const state = async () => {
      fallback = 'ask';
      return answering.state();
    };
    talos = await startTalos(inject('stack'), {
      cloud: {
        get fallback() {
          return fallback;
        },
      },
      wrap: (ports) => ({ ...ports, cloud: { ...answering, state } }),
    });
    await Promise.all([talos.serve('core'), talos.serve('gpu')]);
    const record = await talos.settled(await talos.send('hello', { options: { route: 'cloud' } }));
    expect(record).toMatchObject({ error: { code: 'APPROVAL_REFUSED' } });
    expect(answering.requests()).toEqual([]);
    expect(called()).toEqual([]);
  });

  it('takes earlier messages along, and none that were to stay here, showed a picture or used a skill', async () => {
    await start(unreachable());
    const conversation = `c-${process.pid}-history`;
    const { conversations } = talos.ports;
    const image = { hash: 'a'.repeat(64), type: 'image/png', bytes: 3 } as const;
    const step = { id: '1-1', skill: 'files', run: 'files.k', verdict: 'ok', ms: 1, hosts: [] } as const;
    const earlier = [
      ['open', {}, {}],
      ['kept', { route: 'local' }, {}],
      ['seen', { images: [image] }, {}],
      ['used', {}, { steps: [step] }],
    ] as const;
    for (const [word, options, outcome] of earlier) {
      const ref = { conversation, key: word };
      const asked = { route: undefined, images: undefined, ...options };
      await conversations.accept({
        ...ref,
        text: `question ${word}`,
        createdAt: 1,
        options: { ...(asked.route && { route: asked.route }), ...(asked.images && { images: [...asked.images] }) },
      });
      const steps = 'steps' in outcome ? { steps: outcome.steps.map((one) => ({ ...one, hosts: [] })) } : {};
      await conversations.settle(ref, { state: 'answered', reply: `answer ${word}`, ...steps }, 2);
    }
    await talos.settled(await talos.send('and now', { conversation }));
    expect(sent()).toContain('question open');
    expect(sent()).not.toMatch(/kept|seen|used/);
    expect(called()).toMatchObject([{ details: { kinds: 'system-prompt history message' } }]);
  });

  it('takes memories along only where the owner shares them', async () => {
    const context = JSON.stringify([
      { id: 'm', collection: 'knowledge_base', text: 'the key is under the mat', createdAt: 1 },
    ]);
    const withMemory = (ports: TestPorts) => ({ ...ports.conversations, context: async () => context });
    for (const shareMemory of [false, true]) {
      cloud = createMemoryCloudModel({ model: 'gemini-test' });
      talos = await startTalos(inject('stack'), {
        cloud: { shareMemory },
        wrap: (ports) => ({ ...withEngine(ports, unreachable()), cloud, conversations: withMemory(ports) }),
      });
      await Promise.all([talos.serve('core'), talos.serve('gpu')]);
      await talos.settled(await talos.send('where is the key'));
      expect(sent().includes('under the mat')).toBe(shareMemory);
      expect(called()).toMatchObject([
        { details: { kinds: shareMemory ? 'system-prompt memory message' : 'system-prompt message' } },
      ]);
      if (!shareMemory) await talos.close();
    }
  });

  it('takes no memory along of a message that was to stay here, showed a picture or used a skill', async () => {
    const image = { hash: 'a'.repeat(64), type: 'image/png', bytes: 3 } as const;
    const step = { id: '1-1', skill: 'files', run: 'files.k', verdict: 'ok', ms: 1, hosts: [] } as const;
    const conversation = `c-${process.pid}-remembered`;
    const remembered = (key: string) => ({
      id: `${conversation}.${key}`,
      collection: 'conversation_history',
      text: `word ${key}`,
      createdAt: 1,
    });
    const context = JSON.stringify([
      ...['open', 'kept', 'seen', 'used', 'gone'].map(remembered),
      { ...remembered('learned'), id: 'files', collection: 'skill_memory' },
    ]);
    await start(unreachable(), { cloud: { shareMemory: true }, context });
    const { conversations } = talos.ports;
    const accept = (key: string, options = {}) =>
      conversations.accept({ conversation, key, text: `word ${key}`, createdAt: 1, options });
    await accept('open');
    await accept('kept', { route: 'local' });
    await accept('seen', { images: [image] });
    await accept('used');
    for (const key of ['open', 'kept', 'seen', 'used']) {
      const steps = key === 'used' ? { steps: [{ ...step, hosts: [] }] } : {};
      await conversations.settle({ conversation, key }, { state: 'answered', reply: 'so', ...steps }, 2);
    }
    await talos.settled(await talos.send('and now'));
    expect(sent()).toContain('word open');
    expect(sent()).not.toMatch(/word (kept|seen|used|gone|learned)/);
  });

  it('offers the cloud no skills', async () => {
    await start(unreachable());
    await talos.settled(await talos.send('hello'));
    expect(cloud.requests()[0]).not.toHaveProperty('tools');
  });
});
