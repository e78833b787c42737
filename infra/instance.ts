import { readFileSync, renameSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { z } from 'zod';

import { TalosError } from '../domain/errors.ts';
import { createWhole, replaceWhole } from './files.ts';
import { identify, isAlive } from './process-identity.ts';

const Identity = z.object({ pid: z.int(), startedAt: z.string() });

/** What a running Talos writes down about itself in `run/supervisor.json`. Times are ms since 1970. */
export const InstanceRecord = Identity.extend({
  guard: Identity.optional(),
  since: z.number(),
  phase: z.enum(['starting', 'ready', 'stopping']),
  address: z.string(),
  children: z.array(
    z.object({
      name: z.string(),
      state: z.enum(['starting', 'ready', 'restarting', 'stopping', 'stopped', 'failed']),
      since: z.number(),
      restarts: z.int(),
      pid: z.int().optional(),
      reason: z.string().optional(),
    }),
  ),
});
export type InstanceRecord = z.infer<typeof InstanceRecord>;

/** The record of this process while it holds the home. */
export interface Instance {
  /** Never fails: what a full disk does not take is written with the next change. */
  update(change: Partial<Pick<InstanceRecord, 'guard' | 'phase' | 'children'>>): void;
  release(): void;
}

/** The record of the Talos that runs in this home, or undefined when none does. Fails with UNAUTHENTICATED where only another user can tell. */
export function findInstance(path: string): InstanceRecord | undefined {
  const record = readRecord(path);
  return record !== undefined && isAlive(record) ? record : undefined;
}

/** Waits until the processes of an instance, its guard too, are gone; false when they are not after the time. */
export async function instanceGone(record: InstanceRecord, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  while (isAlive(record) || (record.guard !== undefined && isAlive(record.guard))) {
    if (performance.now() > deadline) return false;
    await sleep(50);
  }
  return true;
}

/** Makes this process the one Talos of the home. Fails with ALREADY_RUNNING; waits for the guard of one that was killed. */
export async function claimInstance(path: string, address: string): Promise<Instance> {
  const self = identify(process.pid);
  if (self === undefined) throw new TalosError('INTERNAL', 'This system does not tell the start time of processes.');
  let record: InstanceRecord = { ...self, since: Date.now(), phase: 'starting', address, children: [] };
  while (!createWhole(path, JSON.stringify(record), 0o600)) await clearStale(path);
  let isReleased = false;
  return {
    update(change) {
      if (isReleased) return;
      record = { ...record, ...change };
      try {
        replaceWhole(path, JSON.stringify(record), 0o600);
      } catch {
        // The record only tells others how things stand. Without it children are started again and stopped all the same.
      }
    },
    release() {
      isReleased = true;
      rmSync(path, { force: true });
    },
  };
}

async function clearStale(path: string): Promise<void> {
  const found = readRecord(path);
  if (found !== undefined && isAlive(found)) {
    throw new TalosError(
      'ALREADY_RUNNING',
      `Talos runs already in this home (process ${found.pid}, ${found.address}); stop it with: talos down`,
      { details: { pid: found.pid, fix: 'talos down' } },
    );
  }
  if (found !== undefined) await instanceGone(found, 20_000);
  const aside = `${path}.${process.pid}.stale`;
  try {
    renameSync(path, aside);
  } catch {
    return; // another start was faster; the next round sees its record
  }
  const taken = readRecord(aside);
  if (taken !== undefined && isAlive(taken)) createWhole(path, JSON.stringify(taken), 0o600);
  rmSync(aside, { force: true });
}

function readRecord(path: string): InstanceRecord | undefined {
  try {
    return InstanceRecord.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EACCES') {
      throw new TalosError('UNAUTHENTICATED', `${path} belongs to another user; use the command as that user.`, {
        cause,
      });
    }
    return undefined; // none, or half of one from a crash: either way nobody to wait for
  }
}
