import { setInterval } from 'node:timers';

import { shown } from './answer.ts';
import type { Audit } from './audit.ts';
import { ownerLabel } from './create.ts';
import type { Ledger } from './ledger.ts';
import type { Upstream } from './upstream.ts';

/** Sees to it that no container outlives its use. */
export type Keeper = {
  /** Ends and removes a container; when the engine cannot be reached it stays on the list for the next round. */
  remove(id: string, reason: string): Promise<void>;
  /** Tells that a container may have been made of which nobody was told: it is looked for. */
  lookForLost(): void;
  /** Removes what a former process of the same owner left; nobody can be using it. */
  sweep(): Promise<void>;
  /** Stops looking, then removes everything there is. */
  close(): Promise<void>;
};

type KeeperDeps = {
  readonly upstream: Upstream;
  readonly ledger: Ledger;
  readonly owner: string;
  readonly audit: Audit;
  readonly everyMs: number;
};

/** Starts looking for containers whose time is over. */
export function createKeeper({ upstream, ledger, owner, audit, everyMs }: KeeperDeps): Keeper {
  const remove = async (id: string, reason: string): Promise<void> => {
    try {
      const { status } = await upstream.call({ method: 'DELETE', path: `/containers/${id}?force=true&v=true` });
      audit({ decision: 'removed', call: 'remove', container: id, status, reason });
      if (status === 204 || status === 404) ledger.forget(id);
    } catch (error) {
      audit({ decision: 'failed', call: 'remove', container: id, reason: String(error) });
    }
  };
  const removeAll = async (ids: readonly string[], reason: string): Promise<void> => {
    await Promise.all(ids.map((id) => remove(id, reason)));
  };
  const list = async (): Promise<string[]> => {
    const reply = await upstream.call({ method: 'GET', path: listPath(owner) });
    return shown.list.parse(reply.body).map(({ Id }) => Id);
  };
  let mayBeLost = false;
  const removeLost = async (): Promise<void> => {
    const ids = await list().catch(() => undefined); // the engine may still be away; the next round tries again
    // One that is being made now is not in the ledger yet.
    if (ids === undefined || ledger.isReserving()) return;
    mayBeLost = false;
    const lost = ids.filter((id) => !ledger.owns(id));
    await removeAll(lost, 'nobody was told of it');
  };
  let round: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    round = round.then(() => removeAll(ledger.overdue(), 'its time is over'));
    round = round.then(() => (mayBeLost ? removeLost() : undefined));
  }, everyMs);
  return {
    remove,
    lookForLost() {
      mayBeLost = true;
    },
    sweep: async () => removeAll(await list(), 'left by a former process'),
    async close() {
      clearInterval(timer);
      await round;
      await removeAll(ledger.all(), 'the proxy ends');
    },
  };
}

/** All containers of an owner, running or not. */
export function listPath(owner: string): string {
  const filters = JSON.stringify({ label: [`${ownerLabel}=${owner}`] });
  return `/containers/json?all=true&filters=${encodeURIComponent(filters)}`;
}
