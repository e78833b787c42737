import { afterEach, expect, inject, it } from 'vitest';

import { createMemoryGpuBoard } from '../../../adapters/memory/gpu-board.ts';
import { createMemoryVectorStore } from '../../../adapters/memory/vector-store.ts';
import { createMetricSources } from '../../../adapters/metric-sources.ts';
import { connectRedis } from '../../../adapters/redis.ts';
import { taskQueueOf } from '../../../workflows/task-queues.ts';
import { mended, startNight } from './revision-support.ts';

let open: Awaited<ReturnType<typeof startNight>>;
afterEach(() => open.talos.close());

it('a full queue for the GPU: chat goes before quarantine, quarantine before the night', async () => {
  const served: string[] = [];
  const held = Promise.withResolvers<void>();
  open = await startNight(
    inject('stack'),
    async ({ messages }) => {
      const said = messages.findLast(({ role }) => role === 'user')?.content ?? '';
      if (said.startsWith('say ')) served.push(said);
      else served.push('night');
      if (said === 'say hold') await held.promise;
      return said.startsWith('say ') ? 'Yes.' : mended();
    },
    {
      answerAlone: async () => {
        served.push('quarantine');
        return undefined;
      },
    },
  );
  const { talos, id, bundle, night } = open;
  served.length = 0;
  await using redis = Object.assign(connectRedis({ url: inject('stack').redis }), {
    [Symbol.asyncDispose]: () => redis.close(),
  });
  const figures = createMetricSources({
    connection: talos.connection,
    namespace: 'talos',
    gpuTaskQueue: taskQueueOf('gpu', talos.taskQueue),
    redis,
    vectors: createMemoryVectorStore(),
    model: talos.ports.model,
    cloud: talos.ports.cloud,
    catalog: talos.skills.catalog,
    gpuBoard: createMemoryGpuBoard('one'),
  });
  const waiting = (count: number) => expect.poll(() => figures.gpuQueue(), { timeout: 20_000 }).toBe(count);

  const holder = await talos.send('say hold');
  await expect.poll(() => served, { timeout: 10_000 }).toEqual(['say hold']);
  const dream = night();
  await waiting(1);
  const measured = talos.skillRuntime.measure({ id, hash: bundle.hash, key: 'k' }, AbortSignal.timeout(40_000));
  await waiting(2);
  const message = await talos.send('say hello');
  await waiting(3);
  held.resolve();

  await Promise.all([talos.settled(holder), talos.settled(message), measured, dream]);
  expect(served).toEqual(['say hold', 'say hello', 'quarantine', 'night']);
});
