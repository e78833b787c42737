import Docker from 'dockerode';

import { addressOf } from './docker.ts';

/** Removes the sandbox containers of the socket proxy that are older than any may be, which it should have done; tells how many. */
export async function removeOldContainers(proxyUrl: string, before: number): Promise<number> {
  const docker = new Docker(addressOf(proxyUrl));
  const old = (await docker.listContainers({ all: true })).filter(({ Created }) => Created * 1000 < before);
  const removals = old.map(({ Id }) => docker.getContainer(Id).remove({ force: true, v: true }));
  const ends = await Promise.allSettled(removals);
  return ends.filter(({ status }) => status === 'fulfilled').length; // what the proxy does not own it does not remove
}
