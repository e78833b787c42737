import { beforeEach, describe, expect, it } from 'vitest';

import { dueNightId } from '../../domain/night/night-id.ts';
import type { NightRuns } from '../../domain/night/ports.ts';
import type { NightRun } from '../../domain/night/run.ts';

const hourMs = 60 * 60 * 1000;
const four = Date.UTC(2026, 10, 21, 4);

/** What every store of runs of the night does; `create` gives an empty one. */
export function describeNightRuns(name: string, create: () => Promise<NightRuns>) {
  describe(name, () => {
    let nights: NightRuns;
    beforeEach(async () => {
      nights = await create();
    });

    const run = (day: number, more: Partial<NightRun> = {}): NightRun => {
      const dueAt = four + day * 24 * hourMs;
      const facts = { trigger: 'schedule', state: 'running', isCutShort: false } as const;
      return { ...facts, id: dueNightId(dueAt), dueAt, startedAt: dueAt, phases: [], ...more };
    };
    const asked = (key: string, more: Partial<NightRun> = {}) =>
      run(0, { id: `now-${key}`, trigger: 'owner', ...more });
    const times = (hours = 0) => ({ at: four + hours * hourMs, overAt: four + (hours + 2) * hourMs });

    it('begins one run at a time, and tells which one goes on', async () => {
      expect(await nights.begin(run(0), times())).toEqual({ kind: 'begun' });
      expect(await nights.goingOn()).toEqual({ id: run(0).id, overAt: four + 2 * hourMs });
      expect(await nights.begin(asked('b'), times())).toEqual({ kind: 'overlap', running: run(0).id });
      expect(await nights.get('now-b')).toBeUndefined();
    });

    it('gives one of many that begin at once the place', async () => {
      const all = await Promise.all(['a', 'b', 'c', 'd'].map((key) => nights.begin(asked(key), times())));
      expect(all.filter(({ kind }) => kind === 'begun')).toHaveLength(1);
      expect(all.filter(({ kind }) => kind === 'overlap')).toHaveLength(3);
    });

    it('begins the same run again as the same one, until it has ended', async () => {
      await nights.begin(run(0), times());
      expect(await nights.begin(run(0), times(1))).toEqual({ kind: 'begun' });
      const ended = run(0, { state: 'ran', endedAt: four + 1 });
      expect(await nights.save(ended)).toBe(true);
      expect(await nights.begin(run(0), times())).toEqual({ kind: 'ended', run: ended });
      expect(await nights.goingOn()).toBeUndefined();
      expect(await nights.begin(asked('next'), times())).toEqual({ kind: 'begun' });
    });

    it('takes the place of a run that counts as over', async () => {
      await nights.begin(run(0), times());
      expect(await nights.begin(asked('b'), times(1))).toMatchObject({ kind: 'overlap' });
      expect(await nights.begin(asked('b'), times(2))).toEqual({ kind: 'begun' });
      await nights.save(run(0, { state: 'failed', reason: 'lost' }));
      expect((await nights.goingOn())?.id).toBe('now-b');
    });

    it('keeps what ended as it was', async () => {
      const ended = run(0, {
        state: 'failed',
        reason: 'phase-failed',
        endedAt: four + 5,
        phases: [{ phase: 'redis', state: 'failed', ms: 5, error: { code: 'INTERNAL', message: 'it <b>broke</b>' } }],
      });
      expect(await nights.save(ended)).toBe(true);
      expect(await nights.save(run(0, { state: 'ran' }))).toBe(false);
      expect(await nights.save(run(0))).toBe(false);
      expect(await nights.get(ended.id)).toEqual(ended);
    });

    it('ends a run in which an error was cut inside a character', async () => {
      const error = { code: 'INTERNAL', message: 'no \u{1f600}'.slice(0, -1) };
      await nights.begin(run(0), times());
      await nights.save(run(0, { phases: [{ phase: 'redis', state: 'failed', error }] }));
      expect(await nights.save(run(0, { state: 'failed', reason: 'phase-failed' }))).toBe(true);
      expect(await nights.get(run(0).id)).toMatchObject({ state: 'failed' });
    });

    it('shows the newest line of the run that goes on, until it is saved again', async () => {
      await nights.begin(run(0), times());
      await nights.tell(run(0).id, { phase: 'logs', line: 'one' });
      await nights.tell(run(0).id, { phase: 'logs', line: 'two' });
      expect((await nights.get(run(0).id))?.progress).toEqual({ phase: 'logs', line: 'two' });
      await nights.tell('now-other', { phase: 'redis', line: 'of nobody' });
      expect((await nights.get(run(0).id))?.progress?.line).toBe('two');
      await nights.save(run(0));
      expect(await nights.get(run(0).id)).toEqual(run(0));
    });

    it('lists the newest first, from a moment on', async () => {
      for (const day of [2, 0, 3, 1]) await nights.save(run(day, { state: 'ran' }));
      const days = async (since: number, limit: number) =>
        (await nights.list({ since, limit })).map(({ dueAt }) => (dueAt - four) / (24 * hourMs));
      expect(await days(0, 9)).toEqual([3, 2, 1, 0]);
      expect(await days(0, 2)).toEqual([3, 2]);
      expect(await days(four + 2 * 24 * hourMs, 9)).toEqual([3, 2]);
    });

    it('follows a run from what it is to its end', async () => {
      const seen: string[] = [];
      const followed = (async () => {
        for await (const night of nights.follow(run(0).id, AbortSignal.timeout(5000))) {
          seen.push(`${night.state} ${night.phases.length} ${night.progress?.line ?? '-'}`);
        }
      })();
      await nights.begin(run(0), times());
      await expect.poll(() => seen).toEqual(['running 0 -']);
      await nights.save(run(0, { phases: [{ phase: 'redis', state: 'running' }] }));
      await expect.poll(() => seen.at(-1)).toBe('running 1 -');
      await nights.tell(run(0).id, { phase: 'redis', line: 'half' });
      await expect.poll(() => seen.at(-1)).toBe('running 1 half');
      await nights.save(run(0, { state: 'ran', phases: [{ phase: 'redis', state: 'done' }] }));
      await followed;
      expect(seen.at(-1)).toBe('ran 1 -');
    });

    it('follows a run that has ended with one look, and none that nobody knows', async () => {
      await nights.save(run(0, { state: 'skipped', reason: 'missed' }));
      const seen: string[] = [];
      for await (const { state } of nights.follow(run(0).id, AbortSignal.timeout(5000))) seen.push(state);
      expect(seen).toEqual(['skipped']);
      const stop = new AbortController();
      const nothing = (async () => {
        for await (const { state } of nights.follow('now-nobody', stop.signal)) seen.push(state);
      })();
      stop.abort();
      await nothing;
      expect(seen).toEqual(['skipped']);
    });

    it('knows nothing at first, and then until when everything is known', async () => {
      expect(await nights.accounted()).toEqual({ until: 0, known: [] });
      await nights.save(run(0, { state: 'ran' }));
      await nights.save(asked('between', { state: 'ran', dueAt: four + hourMs }));
      await nights.save(run(2, { state: 'ran' }));
      const missed = run(1, { state: 'skipped', reason: 'missed' });
      await nights.account({ until: four + hourMs, missed: [missed, run(0, { state: 'skipped', reason: 'missed' })] });
      expect(await nights.accounted()).toEqual({ until: four + hourMs, known: [run(1).dueAt, run(2).dueAt] });
      expect(await nights.get(run(0).id)).toMatchObject({ state: 'ran' });
      expect(await nights.get(run(1).id)).toEqual(missed);
      await nights.account({ until: four, missed: [] });
      expect((await nights.accounted()).until).toBe(four + hourMs);
    });

    it('goes back with the clock: what was told as missed of times to come may come, what ran stays', async () => {
      const missed = [run(0), run(1), run(2)].map((one) => ({ ...one, state: 'skipped', reason: 'missed' }) as const);
      await nights.save(run(3, { state: 'ran' }));
      await nights.account({ until: run(4).dueAt, missed });
      await nights.rewind({ until: four - hourMs, now: run(1).dueAt });
      expect((await nights.list({ since: 0, limit: 9 })).map(({ id }) => id)).toEqual([
        run(3).id,
        run(1).id,
        run(0).id,
      ]);
      expect((await nights.accounted()).until).toBe(four - hourMs);
      expect(await nights.begin(run(2), times())).toEqual({ kind: 'begun' });
    });
  });
}
