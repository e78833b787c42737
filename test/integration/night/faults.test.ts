import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { Client } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { afterEach, describe, expect, inject, it } from 'vitest';

import { createNightRuns } from '../../../adapters/night-runs.ts';
import { keepNight, setNight } from '../../../domain/night/keep-night.ts';
import { phaseNames } from '../../../domain/night/phases.ts';
import type { Phase } from '../../../domain/night/run.ts';
import { startOwnTemporal } from '../skills/own-temporal.ts';
import { connectTestRedis } from '../stores/support.ts';
import { startNights, statesOf, until } from './support.ts';

const program = fileURLToPath(new URL('./worker-process.ts', import.meta.url));

describe('a worker that is killed in the middle of a dream cycle', () => {
  const stack = inject('stack');
  let cleanUps: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const cleanUp of cleanUps.toReversed()) await cleanUp();
    cleanUps = [];
  });

  /** A worker in a process of its own; one that is to hang does so in that phase. */
  function startWorker(prefix: string, taskQueue: string, hangs: Phase | 'never'): ChildProcess {
    const worker = spawn(process.execPath, [program, stack.temporal, stack.redis, prefix, taskQueue, hangs], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    cleanUps.push(async () => {
      if (worker.exitCode !== null || worker.signalCode !== null) return;
      worker.kill('SIGKILL');
      await once(worker, 'exit');
    });
    return worker;
  }

  it.each(phaseNames)(
    'during %s, leaves a run that the next worker takes to its end',
    async (phase) => {
      const redis = connectTestRedis(stack.redis);
      const connection = await NativeConnection.connect({ address: stack.temporal });
      cleanUps.push(
        () => redis.close(),
        () => connection.close(),
      );
      const nightRuns = createNightRuns(redis);
      const taskQueue = `test-${process.pid}-${phase}-${Date.now()}`;
      const id = `now-${taskQueue}`;
      const input = { id, softMs: 60_000, hardMs: 70_000, catchUpMs: 60_000, mayRevise: false };
      const client = new Client({ connection, namespace: 'talos' });
      await client.workflow.start('dreamCycle', { workflowId: `dream-cycle/${id}`, taskQueue, args: [input] });
      const first = startWorker(redis.keys.prefix, taskQueue, phase);
      const hangs = async () => (await nightRuns.get(id))?.progress?.line === 'it hangs';
      await until(20_000, hangs);
      first.kill('SIGKILL');
      await once(first, 'exit');
      expect(await nightRuns.get(id)).toMatchObject({ state: 'running' });
      startWorker(redis.keys.prefix, taskQueue, 'never');
      await until(40_000, async () => (await nightRuns.get(id))?.state !== 'running');
      const night = await nightRuns.get(id);
      expect(night).toMatchObject({ state: 'ran', isCutShort: false });
      expect(night?.phases.map(({ state }) => state)).toEqual(['done', 'done', 'done', 'done', 'done']);
    },
    90_000,
  );
});

describe('a Temporal server that is killed over due times, and comes back with its data', () => {
  it('leaves none without a record: what is not too late runs, what is was missed', async () => {
    const own = await startOwnTemporal();
    // The server knows no shorter window.
    const at = await startNights({ ...inject('stack'), temporal: own.address }, { night: { catchUpMs: 10_000 } });
    try {
      const { keeping, nightRuns, schedule } = at;
      const list = () => nightRuns.list({ since: 0, limit: 100 });
      await setNight(keeping);
      const stepMs = 6000;
      await schedule.update((before) => ({ ...before, spec: { intervals: [{ every: stepMs }] } }));
      await until(15_000, async () => (await list()).some(({ state }) => state === 'ran'));
      const first = (await list()).at(-1)?.dueAt ?? 0;
      await at.stop();
      await own.kill();
      const back = Date.now() + 25_000;
      await expect.poll(() => Date.now(), { timeout: 40_000, interval: 500 }).toBeGreaterThan(back);
      await own.start();
      // As a start does, which sets the schedule anew.
      await schedule.update((before) => ({ ...before }));
      await at.serve();
      await keepNight(keeping);
      const ranAgain = async () => (await list()).some(({ state, dueAt }) => state === 'ran' && dueAt > back);
      await until(30_000, ranAgain);
      const last = (await list())[0]?.dueAt ?? 0;
      // Everything up to the last run is settled by then.
      await keepNight({ ...keeping, now: () => last + 10_000 + 60_000 });
      const nights = (await list()).toReversed().filter(({ dueAt }) => dueAt <= last);
      const times = nights.map(({ dueAt }) => dueAt);
      expect(times).toEqual(Array.from(times, (_, place) => first + place * stepMs));
      expect(times.at(-1)).toBe(last);
      expect(new Set(nights.map(({ state }) => state))).toEqual(new Set(['ran', 'skipped']));
      // What was made up for at once may have met in its place.
      const reasons = new Set(nights.flatMap(({ state, reason }) => (state === 'skipped' ? [reason] : [])));
      expect(reasons.has('missed')).toBe(true);
      expect([...reasons].every((reason) => reason === 'missed' || reason === 'overlap')).toBe(true);
      for (const night of nights) {
        if (night.state === 'ran') expect(Object.values(statesOf(night))).toEqual(Array.from(phaseNames, () => 'done'));
      }
    } finally {
      await at.close();
      await own.close();
    }
  }, 180_000);
});
