import { beforeEach, describe, expect, it } from 'vitest';

import type { JsonValue } from '../../domain/json.ts';
import type { SkillSchedules } from '../../domain/skills/ports.ts';
import { type DueRun, longestDueRunMs, shownDueRuns } from '../../domain/skills/due-run.ts';
import { dueRunKey, type KeptSchedule, type ScheduleRef } from '../../domain/skills/schedule.ts';

let skills = 0;
const minuteMs = 60_000;
const noon = Date.UTC(2026, 10, 21, 12);

/** What every store of schedules does; `create` may return the same one again. */
export function describeSkillSchedules(name: string, create: () => Promise<SkillSchedules>) {
  describe(name, () => {
    let schedules: SkillSchedules;
    let skill: string;
    let ref: ScheduleRef;
    beforeEach(async () => {
      schedules = await create();
      skill = `skill-${process.pid}-${(skills += 1)}`;
      ref = { skill, name: 'morning' };
    });

    function schedule(changes: Partial<KeptSchedule> = {}): KeptSchedule {
      return {
        ...ref,
        when: { cron: '0 8 * * *', zone: 'Europe/Berlin' },
        note: 'for the <b>team</b>',
        input: { rows: [1, 'two', null] },
        inputHash: 'a'.repeat(64),
        paused: false,
        createdAt: 1,
        since: 1,
        ...changes,
      };
    }
    const due = (minute: number) => {
      const dueAt = noon + minute * minuteMs;
      return { key: dueRunKey(ref.name, dueAt), dueAt };
    };
    const ending = (minute: number, more: Partial<DueRun> = {}): DueRun => ({
      ...due(minute),
      state: 'ran',
      endedAt: noon,
      ...more,
    });
    const missed = (minute: number) => ending(minute, { state: 'skipped', reason: 'missed' });
    const shown = async () => (await schedules.dueRuns(ref)).map(({ dueAt }) => (dueAt - noon) / minuteMs);

    it.each<[string, JsonValue]>([
      ['an object', { rows: [1, 'two', null] }],
      ['null', null],
      ['a large text', 'x'.repeat(200_000)],
    ])('gives a schedule back with %s as input', async (_what, input) => {
      expect(await schedules.put(schedule({ input }))).toBe(true);
      expect(await schedules.get(ref)).toEqual(schedule({ input }));
    });

    it('changes the schedule of the same name and keeps what came of it', async () => {
      await schedules.put(schedule());
      await schedules.end(ref, ending(0));
      await schedules.put(schedule({ when: { everyMinutes: 5 }, paused: true, input: 7 }));
      expect(await schedules.get(ref)).toMatchObject({ when: { everyMinutes: 5 }, paused: true, input: 7 });
      expect(await shown()).toEqual([0]);
    });

    it('lists those of one skill by name, without inputs', async () => {
      await schedules.put(schedule({ name: 'b' }));
      await schedules.put(schedule({ name: 'a' }));
      await schedules.put(schedule({ skill: `${skill}-x`, name: 'c' }));
      const list = await schedules.list(skill);
      expect(list.map(({ name: one }) => one)).toEqual(['a', 'b']);
      expect(JSON.stringify(list)).not.toContain('two');
      const all = (await schedules.list()).map((one) => one.skill);
      expect(all).toEqual(expect.arrayContaining([skill, `${skill}-x`]));
    });

    it('removes a schedule with all that is known of it', async () => {
      await schedules.put(schedule());
      await schedules.begin(ref, due(0), noon);
      expect(await schedules.remove(ref)).toBe(true);
      expect(await schedules.remove(ref)).toBe(false);
      expect(await schedules.get(ref)).toBeUndefined();
      await schedules.put(schedule());
      expect(await schedules.dueRuns(ref)).toEqual([]);
      expect(await schedules.begin(ref, due(1), noon)).toEqual({ kind: 'begun' });
    });

    it('begins a due run once, however often it is asked', async () => {
      await schedules.put(schedule());
      const begun = await Promise.all([1, 2, 3].map(() => schedules.begin(ref, due(0), noon)));
      expect(begun).toEqual([{ kind: 'begun' }, { kind: 'begun' }, { kind: 'begun' }]);
      expect(await schedules.dueRuns(ref)).toEqual([{ ...due(0), state: 'running' }]);
      expect(await schedules.dueRun(ref, due(0).key)).toEqual({ ...due(0), state: 'running' });
      expect(await schedules.dueRun(ref, due(1).key)).toBeUndefined();
    });

    it('begins one of two that are due while neither has ended', async () => {
      await schedules.put(schedule());
      const [first, second] = await Promise.all([due(0), due(1)].map((run) => schedules.begin(ref, run, noon)));
      expect([first?.kind ?? '', second?.kind ?? ''].toSorted()).toEqual(['begun', 'overlap']);
      await schedules.end(ref, ending(0));
      await schedules.end(ref, ending(1));
      expect(await schedules.begin(ref, due(2), noon)).toEqual({ kind: 'begun' });
      expect(await schedules.begin(ref, due(3), noon)).toEqual({ kind: 'overlap', running: due(2).key });
    });

    it('lets the next one begin when one goes on for longer than any run takes', async () => {
      await schedules.put(schedule());
      await schedules.begin(ref, due(0), noon);
      expect((await schedules.begin(ref, due(1), noon + longestDueRunMs - 1)).kind).toBe('overlap');
      expect((await schedules.begin(ref, due(1), noon + longestDueRunMs)).kind).toBe('begun');
      expect(await schedules.end(ref, ending(0, { state: 'failed', reason: 'RUN_STOPPED' }))).toBe(true);
      expect((await schedules.begin(ref, due(2), noon + longestDueRunMs)).kind).toBe('overlap');
    });

    it('ends a due run once and keeps the first end', async () => {
      await schedules.put(schedule());
      await schedules.begin(ref, due(0), noon);
      const failed = ending(0, { state: 'failed', reason: 'timeout' });
      expect(await schedules.end(ref, failed)).toBe(true);
      expect(await schedules.end(ref, ending(0))).toBe(false);
      expect(await schedules.dueRuns(ref)).toEqual([failed]);
      expect(await schedules.begin(ref, due(0), noon)).toEqual({ kind: 'ended', run: failed });
    });

    it('ends a due run that was never begun', async () => {
      await schedules.put(schedule());
      const skipped = ending(0, { state: 'skipped', reason: 'input-unfit', detail: 'rows: must be a list' });
      expect(await schedules.end(ref, skipped)).toBe(true);
      expect(await schedules.dueRuns(ref)).toEqual([skipped]);
    });

    it('ends a due run once whose reason was cut inside a character', async () => {
      await schedules.put(schedule());
      const detail = 'no \u{1f600}'.slice(0, -1);
      expect(await schedules.end(ref, ending(0, { state: 'skipped', reason: 'input-unfit', detail }))).toBe(true);
      expect(await schedules.end(ref, ending(0))).toBe(false);
      expect(await schedules.begin(ref, due(0), noon)).toMatchObject({ kind: 'ended', run: { state: 'skipped' } });
    });

    it('knows nothing of a schedule that is not there, and leaves nothing behind', async () => {
      expect(await schedules.begin(ref, due(0), noon)).toEqual({ kind: 'removed' });
      expect(await schedules.end(ref, ending(0))).toBe(false);
      await schedules.account(ref, { until: noon, missed: [ending(1)] });
      expect(await schedules.dueRuns(ref)).toEqual([]);
      await schedules.put(schedule());
      expect(await schedules.dueRuns(ref)).toEqual([]);
      expect(await schedules.accounted(ref)).toEqual({ until: 0, known: [] });
    });

    it('shows the last ten, newest first', async () => {
      await schedules.put(schedule());
      for (const minute of [3, 1, 2, 0, 4, 5, 6, 7, 8, 9, 11, 10]) await schedules.end(ref, ending(minute));
      expect(await shown()).toEqual([11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
    });

    it('records what was missed, but nothing over what is known', async () => {
      await schedules.put(schedule());
      await schedules.end(ref, ending(0));
      await schedules.begin(ref, due(2), noon);
      await schedules.account(ref, { until: noon + 2 * minuteMs, missed: [0, 1, 2].map((minute) => missed(minute)) });
      expect((await schedules.dueRuns(ref)).map(({ state }) => state)).toEqual(['running', 'skipped', 'ran']);
    });

    it('tells until when everything is accounted for, and what is known after that', async () => {
      await schedules.put(schedule());
      for (const minute of [0, 1, 2]) await schedules.end(ref, ending(minute));
      expect((await schedules.accounted(ref)).known).toHaveLength(3);
      await schedules.account(ref, { until: due(1).dueAt, missed: [] });
      expect(await schedules.accounted(ref)).toEqual({ until: due(1).dueAt, known: [due(2).dueAt] });
      await schedules.account(ref, { until: due(0).dueAt, missed: [] });
      expect((await schedules.accounted(ref)).until).toBe(due(1).dueAt);
    });

    it('takes back what was told of times to come once a clock that was ahead is set right', async () => {
      await schedules.put(schedule());
      await schedules.end(ref, ending(0));
      await schedules.account(ref, { until: due(9).dueAt, missed: [1, 8].map((minute) => missed(minute)) });
      await schedules.rewind(ref, { until: due(0).dueAt, now: due(2).dueAt });
      expect(await shown()).toEqual([1, 0]);
      expect(await schedules.accounted(ref)).toEqual({ until: due(0).dueAt, known: [due(1).dueAt] });
    });

    it('rewinds nothing of a schedule it does not know', async () => {
      await schedules.rewind(ref, { until: noon, now: noon });
      await schedules.put(schedule());
      expect((await schedules.accounted(ref)).until).toBe(0);
    });

    it('forgets no due time before it is accounted for', async () => {
      await schedules.put(schedule());
      const minutes = Array.from({ length: shownDueRuns + 5 }, (_, minute) => minute);
      for (const minute of minutes) await schedules.end(ref, ending(minute));
      expect((await schedules.accounted(ref)).known).toHaveLength(shownDueRuns + 5);
      await schedules.account(ref, { until: due(shownDueRuns + 5).dueAt, missed: [] });
      expect(await schedules.dueRun(ref, due(0).key)).toBeUndefined();
      expect(await schedules.dueRun(ref, due(5).key)).toBeDefined();
      expect(await shown()).toEqual(minutes.slice(-shownDueRuns).toReversed());
    });
  });
}
