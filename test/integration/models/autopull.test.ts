import { Client } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';

import { createMemoryLanguageModel } from '../../../adapters/memory/language-model.ts';
import { createOllama } from '../../../adapters/ollama.ts';
import { parseConfig } from '../../../domain/config/parse.ts';
import { TalosError } from '../../../domain/errors.ts';
import { pullMissingModels } from '../../../workers/pull-models.ts';
import { modelAutopullWorkflowId } from '../../../workflows/messages.ts';
import { createMemoryPullRuntime, createModelTwins, roomyMachine } from '../../support/model-twins.ts';
import { startTalos } from '../../support/talos.ts';
import { type OwnOllama, startOwnOllama } from '../ollama/own-ollama.ts';
import { startPulling } from './support.ts';

const wanted = { starter: 'small:1b', chat: 'large:7b', embedding: 'embedder:latest' };
const offered = { 'small:1b': { sizeBytes: 10 }, 'large:7b': { sizeBytes: 20 }, 'embedder:latest': { sizeBytes: 30 } };
const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

let ollama: OwnOllama;
beforeAll(async () => {
  ollama = await startOwnOllama();
});
afterAll(() => ollama[Symbol.asyncDispose]());

/** There is one for a whole Talos, and the next test starts its own. */
async function autopulled({ connection }: { connection: NativeConnection }): Promise<void> {
  await new Client({ connection, namespace: 'talos' }).workflow.getHandle(modelAutopullWorkflowId).result();
}

it('pulls what is missing one after the other, the small one first, and goes on after one that fails', async () => {
  const { 'large:7b': _large, ...rest } = offered;
  const models = createModelTwins(rest);
  const talos = await startTalos(inject('stack'), { modelPorts: models });
  await talos.serve('core');
  await talos.pullRuntime.startAutopull(wanted);
  await autopulled(talos);
  const pulls = (await models.pulls.list()).toReversed();
  expect(pulls.map(({ model, state }) => [model, state])).toEqual([
    ['small:1b', 'done'],
    ['large:7b', 'failed'],
    ['embedder:latest', 'done'],
  ]);
  for (const [place, pull] of pulls.slice(1).entries()) {
    expect(pull.startedAt).toBeGreaterThanOrEqual(pulls[place]?.finishedAt ?? Infinity);
  }
  await talos.close();
});

it('waits for a model server that is not there yet', async () => {
  const models = createModelTwins(offered);
  let refusals = 2;
  const talos = await startTalos(inject('stack'), {
    modelPorts: models,
    wrap: (ports) => ({
      ...ports,
      model: {
        ...ports.model,
        installed: async () => {
          refusals -= 1;
          if (refusals >= 0) throw new TalosError('MODEL_UNAVAILABLE', 'not there yet');
          return [{ name: 'large:7b', digest: 'd', sizeBytes: 20 }];
        },
      },
    }),
  });
  await talos.serve('core');
  await talos.pullRuntime.startAutopull(wanted);
  await autopulled(talos);
  expect((await models.pulls.list()).map(({ model }) => model)).toEqual(['embedder:latest']);
  await talos.close();
});

it.each([
  ['where the owner wants none', { settings: { MODEL_AUTOPULL_ENABLED: 'false' } }],
  ['without a network', { isOnline: false }],
  ['by an engine that pulls none', { withStore: false }],
])('asks for nothing %s', async (_case, { settings = {}, isOnline = true, withStore = true }: Case) => {
  const pullRuntime = createMemoryPullRuntime();
  const machine = { ...roomyMachine, isOnline: () => isOnline };
  const { store, ...rest } = createModelTwins({}, { pullRuntime, machine });
  const modelPorts = withStore ? { ...rest, store } : rest;
  await pullMissingModels({ config: parseConfig(settings), modelPorts, logger: quiet });
  expect(pullRuntime.autopulls).toEqual([]);
});

type Case = { settings?: Record<string, string>; isOnline?: boolean; withStore?: boolean };

it('asks for the starter, the chat model and the embedding model, never for vision', async () => {
  const pullRuntime = createMemoryPullRuntime();
  const modelPorts = createModelTwins({}, { pullRuntime });
  await pullMissingModels({ config: parseConfig({}), modelPorts, logger: quiet });
  expect(pullRuntime.autopulls).toEqual([
    { starter: 'qwen2.5-coder:0.5b', chat: 'qwen2.5-coder:7b', embedding: 'nomic-embed-text' },
  ]);
});

it("lets the owner's choice answer from the next message on", async () => {
  const models = createModelTwins();
  const talos = await startTalos(inject('stack'), {
    modelPorts: models,
    wrap: (ports) => ({ ...ports, model: createMemoryLanguageModel({ models: ['talos-test', 'mistral:7b'] }) }),
  });
  await Promise.all([talos.serve('core'), talos.serve('gpu')]);
  expect((await talos.settled(await talos.send('hello'))).model).toBe('talos-test');
  await models.choices.set('chat', 'mistral:7b');
  const { model, notice } = await talos.settled(await talos.send('hello'));
  expect(model).toBe('mistral:7b');
  expect(notice).toBeUndefined();
  await models.choices.set('chat', 'gone:7b');
  expect((await talos.settled(await talos.send('hello'))).model).toBe('talos-test');
  await talos.close();
});

it('takes a model that is removed while it is loaded out of memory, too', async () => {
  const talos = await startPulling(inject('stack'), { ollama });
  await talos.start();
  await talos.ended();
  const { listed } = talos.name;
  const server = createOllama({ url: ollama.url });
  await server.load(listed, AbortSignal.timeout(20_000));
  expect((await server.resident()).map(({ name }) => name)).toEqual([listed]);
  expect(await talos.store.remove(listed)).toBe(true);
  await expect.poll(async () => await server.resident(), { timeout: 5000 }).toEqual([]);
  expect(await talos.store.describe(listed)).toBeUndefined();
});
