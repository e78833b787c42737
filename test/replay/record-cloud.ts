import { Client } from '@temporalio/client';

import { createMemoryCloudModel } from '../../adapters/memory/cloud-model.ts';
import type { MessageRef } from '../../domain/chat.ts';
import { TalosError } from '../../domain/errors.ts';
import { messageWorkflowId } from '../../workflows/messages.ts';
import type { TestStack } from '../support/stack.ts';
import { startTalos } from '../support/talos.ts';

type Record = (name: string, workflowId: string) => Promise<void>;

/** Records messages that go to the cloud: because the local engine is away, because they ask for it, with the owner's leave, and not at all. */
export async function recordCloud(stack: TestStack, record: Record): Promise<void> {
  await recordWith(stack, 'auto', async (send) => {
    await record('answered-by-a-stand-in', await send('hello'));
    await record('answered-by-the-cloud', await send('hello', 'cloud'));
  });
  await recordWith(stack, 'ask', async (send) => {
    await record('answered-with-leave', await send('hello'));
  });
  await recordWith(stack, 'never', async (send) => {
    await record('failed-without-a-stand-in', await send('hello'));
  });
}

type Send = (text: string, route?: 'cloud') => Promise<string>;

async function recordWith(
  stack: TestStack,
  fallback: 'auto' | 'ask' | 'never',
  work: (send: Send) => Promise<void>,
): Promise<void> {
  const away = new TalosError('MODEL_UNAVAILABLE', 'no engine', { details: { reason: 'unreachable', final: true } });
  const talos = await startTalos(stack, {
    cloud: { fallback },
    wrap: (ports) => ({
      ...ports,
      cloud: createMemoryCloudModel({ model: 'gemini' }),
      model: {
        ...ports.model,
        chat: () => {
          throw away;
        },
      },
    }),
  });
  await Promise.all([talos.serve('core'), talos.serve('gpu')]);
  const client = new Client({ connection: talos.connection, namespace: 'talos' });
  const give = async (ref: MessageRef): Promise<void> => {
    while ((await talos.ports.awaitedClouds.list()).length === 0) await new Promise((next) => setTimeout(next, 20));
    await talos.ports.runtime.decideCloud(ref, { by: 'owner', isAllowed: true, approval: 'a-1' });
  };
  await work(async (text, route) => {
    const ref = await talos.send(text, route && { options: { route } });
    if (fallback === 'ask') await give(ref);
    await client.workflow.getHandle(messageWorkflowId(ref)).result();
    return messageWorkflowId(ref);
  });
  await talos.close();
}
