import { describe, expect, it } from 'vitest';

import { whyDueRun } from '../../../../domain/skills/due-run.ts';
import { RunKey } from '../../../../domain/skills/run.ts';
import {
  CronLine,
  describeWhen,
  dueRunKey,
  EveryMinutes,
  nameByTimes,
  ScheduleName,
  TimeZone,
} from '../../../../domain/skills/schedule.ts';

const berlin = (cron: string) => ({ cron, zone: 'Europe/Berlin' });

describe('a schedule', () => {
  it.each(['morning', 'every-30-min', 'a', '0'])('may be called %s', (name) => {
    expect(ScheduleName.safeParse(name).success).toBe(true);
  });

  it.each(['', 'Morning', 'a.b', '../x', 'a b', '-a', 'a-', 'x'.repeat(41), 'a\u0000'])('is not called %j', (name) => {
    expect(ScheduleName.safeParse(name).success).toBe(false);
  });

  it('without a name gets one by its times, others for other times', () => {
    expect(nameByTimes({ everyMinutes: 30 })).toBe('every-30-min');
    const names = ['0 8 * * *', '0 8 1,2 * *', '0 8 1-2 * *', '*/15 8 * * mon-fri'].map((line) =>
      nameByTimes(berlin(line)),
    );
    expect(names).toEqual(['at-0-8-x-x-x', 'at-0-8-1and2-x-x', 'at-0-8-1to2-x-x', 'at-xper15-8-x-x-montofri']);
    for (const name of names) expect(ScheduleName.safeParse(name).success).toBe(true);
  });

  it('makes keys that runs can have, one for each second', () => {
    const key = dueRunKey('x'.repeat(40), Date.UTC(2026, 0, 2, 3, 4, 5));
    expect(RunKey.safeParse(key).success).toBe(true);
    expect(key).toMatch(/-20260102T030405Z$/);
    expect(dueRunKey('a', 999)).toBe(dueRunKey('a', 0));
    expect(dueRunKey('a', 1000)).not.toBe(dueRunKey('a', 0));
  });

  it('tells its times in a few words', () => {
    expect(describeWhen(berlin('0 8 * * *'))).toBe('0 8 * * * Europe/Berlin');
    expect(describeWhen({ everyMinutes: 5 })).toBe('every 5 min');
  });

  it.each(['Europe/Berlin', 'UTC', 'America/Argentina/Buenos_Aires', 'Etc/GMT+3'])('may have the zone %s', (zone) => {
    expect(TimeZone.safeParse(zone).success).toBe(true);
  });

  it.each(['', '+05:30', 'Nowhere/X', 'CRON_TZ=UTC', 'Europe/Berlin ', '../etc/passwd'])('has no zone %j', (zone) => {
    expect(TimeZone.safeParse(zone).success).toBe(false);
  });

  it.each([0, -1, 1.5, 525_601, Number.NaN, '5'])('has no interval of %j minutes', (minutes) => {
    expect(EveryMinutes.safeParse(minutes).success).toBe(false);
  });

  it('keeps a cron line in one spelling', () => {
    expect(CronLine.parse('  0  8 * *   * ')).toBe('0 8 * * *');
  });
});

describe('what came of a due time', () => {
  const run = { key: 'k', dueAt: 0 };

  it('is told in words when it came to nothing', () => {
    expect(whyDueRun({ ...run, state: 'skipped', reason: 'lockdown' })).toBe('Talos was locked down');
    expect(whyDueRun({ ...run, state: 'skipped', reason: 'overlap', detail: 'morning-1' })).toBe(
      'the run before it had not ended: morning-1',
    );
    expect(whyDueRun({ ...run, state: 'failed', reason: 'timeout' })).toBe('timeout');
    expect(whyDueRun({ ...run, state: 'skipped', reason: 'of a later version' })).toBe('of a later version');
  });

  it('needs no words when it ran or still runs', () => {
    expect(whyDueRun({ ...run, state: 'ran' })).toBeUndefined();
    expect(whyDueRun({ ...run, state: 'running' })).toBeUndefined();
  });
});
