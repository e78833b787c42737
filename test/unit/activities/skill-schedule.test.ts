import { describe, expect, it } from 'vitest';

import { createSkillScheduleActivities } from '../../../activities/skill-schedule.ts';
import { createMemoryAuditLog } from '../../../adapters/memory/audit-log.ts';
import { createMemoryLockdownStore } from '../../../adapters/memory/lockdown-store.ts';
import { createSkillTwins } from '../../support/skill-twins.ts';

const noop = () => undefined;
const ref = { skill: 'csv-summary', name: 'morning' };
const schedule = {
  ...ref,
  when: { everyMinutes: 60 },
  input: 1,
  inputHash: '',
  paused: false,
  createdAt: 1,
  since: 1,
};

function setUp() {
  const twins = createSkillTwins();
  const activities = createSkillScheduleActivities({
    skillPorts: { ...twins, skillRuntime: {} as never },
    audit: createMemoryAuditLog(),
    lockdown: createMemoryLockdownStore(),
    logger: { debug: noop, info: noop, warn: noop, error: noop },
    now: Date.now,
    settings: { trustLevel: 1, strikeThreshold: 3 },
  });
  return { ...twins, keep: () => activities.keepSkillSchedule({ ...ref, catchUpMs: 1 }) };
}

describe('a schedule that came due', () => {
  it('comes due no more when it was removed here', async () => {
    const { scheduleClock, keep } = setUp();
    await scheduleClock.set(schedule);
    await keep();
    expect(await scheduleClock.timing(ref)).toBeUndefined();
  });

  it('still comes due when it was made anew at that very moment', async () => {
    const { schedules, scheduleClock, keep } = setUp();
    await scheduleClock.set(schedule);
    const clock = { ...scheduleClock };
    scheduleClock.remove = async (gone) => {
      await schedules.put(schedule);
      await scheduleClock.set(schedule);
      await clock.remove(gone);
    };
    await keep();
    expect((await scheduleClock.timing(ref))?.next).toHaveLength(3);
  });
});
