import { beforeEach, describe, expect, it } from 'vitest';

import { createMemoryAuditLog } from '../../../../adapters/memory/audit-log.ts';
import { createMemoryScheduleClock } from '../../../../adapters/memory/schedule-clock.ts';
import { createMemorySkillSchedules } from '../../../../adapters/memory/skill-schedules.ts';
import { keepSchedule } from '../../../../domain/skills/keep-schedule.ts';
import type { ScheduleClock } from '../../../../domain/skills/ports.ts';
import { dueRunKey, type KeptSchedule } from '../../../../domain/skills/schedule.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const noon = Date.UTC(2026, 10, 21, 12);
const catchUpMs = 10 * minuteMs;

const schedule: KeptSchedule = {
  skill: 'csv-summary',
  name: 'morning',
  when: { everyMinutes: 60 },
  input: 1,
  inputHash: '',
  paused: false,
  createdAt: noon,
  since: noon,
};

function setUp() {
  let now = noon;
  const keeping = {
    schedules: createMemorySkillSchedules(),
    scheduleClock: createMemoryScheduleClock(() => now),
    audit: createMemoryAuditLog(),
    now: () => now,
  };
  return {
    ...keeping,
    at(time: number) {
      now = time;
      return keepSchedule(keeping, schedule, catchUpMs);
    },
    runs: async () =>
      (await keeping.schedules.dueRuns(schedule)).map(({ dueAt, state }) => [(dueAt - noon) / hourMs, state]),
    audited: () => keeping.audit.events().map(({ details }) => details?.['count']),
  };
}

describe('a schedule that is kept', () => {
  let kept: ReturnType<typeof setUp>;
  beforeEach(async () => {
    kept = setUp();
    await kept.schedules.put(schedule);
    await kept.scheduleClock.set(schedule);
  });

  it('is told its next times', async () => {
    expect(await kept.at(noon)).toEqual({ paused: false, next: [1, 2, 3].map((hours) => noon + hours * hourMs) });
  });

  it('has missed what nobody began once it is too late to begin, and not before', async () => {
    await kept.at(noon + hourMs + catchUpMs);
    expect(await kept.runs()).toEqual([]);
    await kept.at(noon + hourMs + catchUpMs + minuteMs);
    expect(await kept.runs()).toEqual([[1, 'skipped']]);
    expect(kept.audited()).toEqual([1]);
  });

  it('has not missed what is known, and audits nothing of it', async () => {
    const dueAt = noon + hourMs;
    await kept.schedules.end(schedule, { key: dueRunKey('morning', dueAt), dueAt, state: 'ran', endedAt: dueAt });
    await kept.at(noon + 3 * hourMs);
    expect(await kept.runs()).toEqual([
      [2, 'skipped'],
      [1, 'ran'],
    ]);
    expect(kept.audited()).toEqual([1]);
    await kept.at(noon + 3 * hourMs);
    expect(kept.audited()).toEqual([1]);
  });

  it('shows the last of many that were missed and audits how many they were', async () => {
    await kept.at(noon + 5 * dayMs);
    expect((await kept.runs()).map(([hour]) => hour)).toEqual([119, 118, 117, 116, 115, 114, 113, 112, 111, 110]);
    expect(kept.audited()).toEqual([119]);
  });

  it('looks back three months at most', async () => {
    await kept.at(noon + 400 * dayMs);
    expect(kept.audited()).toEqual([92 * 24]);
  });

  it('lets come what is due once a clock that was ahead is set right', async () => {
    await kept.at(noon + 5 * hourMs);
    expect(await kept.runs()).toHaveLength(4);
    await kept.at(noon + hourMs / 2);
    expect(await kept.runs()).toEqual([]);
    await kept.at(noon + 2 * hourMs + catchUpMs + minuteMs);
    expect(await kept.runs()).toEqual([
      [2, 'skipped'],
      [1, 'skipped'],
    ]);
  });

  it('is set anew where the clock waits for a time it once showed', async () => {
    const { scheduleClock: clock } = kept;
    let isStuck = true;
    const scheduleClock: ScheduleClock = {
      ...clock,
      async timing(ref) {
        const timing = await clock.timing(ref);
        return timing && isStuck ? { ...timing, next: [noon + 40 * dayMs] } : timing;
      },
      async remove(ref) {
        isStuck = false;
        await clock.remove(ref);
      },
    };
    const { next } = await keepSchedule({ ...kept, scheduleClock, now: () => noon }, schedule, catchUpMs);
    expect(next[0]).toBe(noon + hourMs);
  });

  it('has missed nothing while it was paused', async () => {
    await kept.scheduleClock.set({ ...schedule, paused: true });
    await kept.at(noon + 5 * hourMs);
    await kept.scheduleClock.set(schedule);
    await kept.at(noon + 5 * hourMs);
    expect(await kept.runs()).toEqual([]);
  });

  it('that the clock has lost is set again, and has missed what was due until then', async () => {
    await kept.scheduleClock.remove(schedule);
    const { next } = await kept.at(noon + 2 * hourMs);
    expect(next).toHaveLength(3);
    expect(await kept.runs()).toEqual([[1, 'skipped']]);
  });

  it('is not recorded as missed when that cannot be audited', async () => {
    kept.audit.append = () => Promise.reject(new Error('the disk is full'));
    await expect(kept.at(noon + 2 * hourMs)).rejects.toThrow('the disk is full');
    expect(await kept.runs()).toEqual([]);
  });

  it('ends what runs for longer than any run takes', async () => {
    await kept.schedules.begin(schedule, { key: 'morning-1', dueAt: noon }, noon);
    await kept.at(noon + 2 * hourMs - 1);
    expect(await kept.runs()).toContainEqual([0, 'running']);
    await kept.at(noon + 2 * hourMs);
    expect(await kept.runs()).toContainEqual([0, 'failed']);
  });
});
