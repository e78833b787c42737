import type { AwaitedClouds } from '../../domain/cloud/ports.ts';
import type { AwaitedCloud } from '../../domain/routing/departure.ts';

/** Messages that wait for leave to go to the cloud, in memory. */
export function createMemoryAwaitedClouds(): AwaitedClouds {
  const kept = new Map<string, AwaitedCloud>();
  return {
    async add(awaited) {
      kept.set(awaited.message, structuredClone(awaited));
    },
    remove: async (message) => void kept.delete(message),
    list: async () => [...kept.values()].toSorted((a, b) => a.askedAt - b.askedAt),
  };
}
