import { setInterval } from 'node:timers/promises';

import { Client } from '@temporalio/client';

import { askedNightId } from '../../../domain/night/night-id.ts';
import type { PhaseContext } from '../../../domain/night/ports.ts';
import type { NightRun, NightRunId, Phase, PhaseOutcome } from '../../../domain/night/run.ts';
import { dreamCycleWorkflowId } from '../../../workflows/messages.ts';
import type { TestStack } from '../../support/stack.ts';
import { startTalos } from '../../support/talos.ts';

type Options = Parameters<typeof startTalos>[1];

let runs = 0;

/** A Talos that serves the core queue, with nights that a test drives. Close it. */
export async function startNights(stack: TestStack, options: Options = {}) {
  const talos = await startTalos(stack, options);
  let stop = await talos.serve('core');
  const client = new Client({ connection: talos.connection, namespace: 'talos' });
  const scheduleId = `dream-cycle-${talos.taskQueue}`;
  const schedule = client.schedule.getHandle(scheduleId);
  const { nightRuns, nightWork, reported } = talos.nights;
  return {
    talos,
    client,
    schedule,
    scheduleId,
    nightRuns,
    nightWork,
    reported,
    keeping: { nightRuns, nightClock: talos.nightClock, audit: talos.ports.audit, now: Date.now },
    stop: () => stop(),
    serve: async () => {
      stop = await talos.serve('core');
    },

    /** Starts a run and tells its id. */
    start: async (
      id: NightRunId = askedNightId(`test-${process.pid}-${(runs += 1)}-${Date.now()}`),
    ): Promise<NightRunId> => {
      await talos.nightRuntime.start(id);
      return id;
    },

    /** The workflow of a run. */
    workflow: (id: NightRunId) => client.workflow.getHandle(dreamCycleWorkflowId(id, scheduleId)),

    /** The record of a run once it has ended. */
    ended: async (id: NightRunId, limitMs = 20_000): Promise<NightRun> => {
      for await (const night of nightRuns.follow(id, AbortSignal.timeout(limitMs))) {
        if (night.state !== 'running') return night;
      }
      throw new Error(`${id} has not ended in time`);
    },

    /** What the audit log holds of ends of runs. */
    audited: () =>
      talos.ports.audited
        .events()
        .filter(({ type }) => type === 'dream-cycle-ended')
        .map(({ subject, details }) => ({ subject, ...details })),

    async close(): Promise<void> {
      await schedule.delete().catch(() => undefined); // most tests make none
      await talos.close();
    },
  };
}

export type Nights = Awaited<ReturnType<typeof startNights>>;

/** Lets one phase hang until it is told to end, and then tell what it did. */
export function hangUntilTold(wanted: Phase) {
  const begun = Promise.withResolvers<void>();
  const script = async (phase: Phase, { signal }: PhaseContext): Promise<PhaseOutcome | undefined> => {
    if (phase !== wanted) return undefined;
    begun.resolve();
    await new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve());
    });
    return { counts: { halfDone: 1 }, notes: [] };
  };
  return { begun: begun.promise, script };
}

/** Lets one phase hang for ever, whatever it is told. */
export function hangForGood(wanted: Phase) {
  const begun = Promise.withResolvers<void>();
  const script = async (phase: Phase): Promise<PhaseOutcome | undefined> => {
    if (phase !== wanted) return undefined;
    begun.resolve();
    return new Promise<never>(() => undefined);
  };
  return { begun: begun.promise, script };
}

/** States of the phases by name. */
export function statesOf({ phases }: NightRun): Record<string, string> {
  return Object.fromEntries(phases.map(({ phase, state }) => [phase, state]));
}

/** Waits until something is so. */
export async function until(limitMs: number, isSo: () => Promise<boolean>): Promise<void> {
  const signal = AbortSignal.timeout(limitMs);
  for await (const _ of setInterval(20, undefined, { signal })) if (await isSo()) break;
}
