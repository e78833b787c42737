import { describe, expect, it } from 'vitest';

import type { GpuBoard } from '../../domain/gpu/ports.ts';

/** What every board for GPUs does. `create` gives the boards of two workers that see each other and nobody else. */
export function describeGpuBoard(name: string, create: () => Promise<readonly [GpuBoard, GpuBoard]>) {
  describe(name, () => {
    const free = { state: 'idle', since: 5 } as const;
    const held = { state: 'ready', model: 'coder', holder: 'kitchen.1', since: 3 } as const;

    it('knows nothing before a worker says something', async () => {
      const [board] = await create();
      expect(await board.reports()).toEqual([]);
    });

    it('shows the latest report of a worker to all', async () => {
      const [one, two] = await create();
      one.publish(free);
      one.publish(held);
      await expect.poll(() => two.reports()).toEqual([held]);
      await one.close();
    });

    it('puts the GPU in use before others', async () => {
      const [one, two] = await create();
      one.publish(free);
      two.publish(held);
      await expect.poll(() => one.reports()).toEqual([held, free]);
      await Promise.all([one.close(), two.close()]);
    });

    it('forgets a worker that leaves', async () => {
      const [one, two] = await create();
      one.publish(held);
      two.publish(free);
      await expect.poll(() => two.reports()).toHaveLength(2);
      await one.close();
      expect(await two.reports()).toEqual([free]);
      await two.close();
    });
  });
}
