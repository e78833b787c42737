import { Client } from '@temporalio/client';

import { createMemoryModelStore } from '../../adapters/memory/model-store.ts';
import { readModelName } from '../../domain/models/name.ts';
import { modelAutopullWorkflowId, modelPullWorkflowId } from '../../workflows/messages.ts';
import { createModelTwins } from '../support/model-twins.ts';
import type { TestStack } from '../support/stack.ts';
import { startTalos } from '../support/talos.ts';

const offered = { 'small:1b': { sizeBytes: 10 }, 'large:7b': { sizeBytes: 20 } };

/** Records pulls: every way one ends, and what pulls by itself. */
export async function recordModels(stack: TestStack, record: (name: string, workflowId: string) => Promise<void>) {
  const models = createModelTwins(offered);
  const begun = Promise.withResolvers<void>();
  const beforeEvent = (signal: AbortSignal): Promise<unknown> => {
    begun.resolve();
    return new Promise((resolve) => signal.addEventListener('abort', resolve));
  };
  const held = createMemoryModelStore({ offered: { 'held:1b': { sizeBytes: 10 } }, beforeEvent });
  const pull: typeof held.pull = (name, signal) => (name.listed === 'held:1b' ? held : models.store).pull(name, signal);
  const talos = await startTalos(stack, { modelPorts: { ...models, store: { ...models.store, pull } } });
  await talos.serve('core');
  const client = new Client({ connection: talos.connection, namespace: 'talos' });

  async function start(name: string): Promise<string> {
    await talos.pullRuntime.startPull({ name: readModelName(name), by: 'owner' });
    return modelPullWorkflowId(readModelName(name).listed);
  }
  async function ended(workflowId: string): Promise<string> {
    await client.workflow.getHandle(workflowId).result();
    return workflowId;
  }

  await record('model-pull-done', await ended(await start('large:7b')));
  await record('model-pull-failed', await ended(await start('nobody:1b')));
  const stopped = await start('held:1b');
  await begun.promise;
  await talos.pullRuntime.stopPull('held:1b');
  await record('model-pull-stopped', await ended(stopped));
  await talos.pullRuntime.startAutopull({ starter: 'small:1b', chat: 'large:7b', embedding: 'nobody:1b' });
  await record('model-autopull', await ended(modelAutopullWorkflowId));
  await talos.close();
}
