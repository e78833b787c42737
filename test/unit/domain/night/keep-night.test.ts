import { beforeEach, describe, expect, it } from 'vitest';

import { createMemoryAuditLog } from '../../../../adapters/memory/audit-log.ts';
import { createMemoryNightClock } from '../../../../adapters/memory/night-clock.ts';
import { createMemoryNightRuns } from '../../../../adapters/memory/night-runs.ts';
import { keepNight, setNight } from '../../../../domain/night/keep-night.ts';
import { nightCatchUpMs } from '../../../../domain/night/limits.ts';
import { dueNightId } from '../../../../domain/night/night-id.ts';
import type { NightClock } from '../../../../domain/night/ports.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const noon = Date.UTC(2026, 10, 21, 12);
const four = (day: number) => noon + 16 * hourMs + day * dayMs;

function setUp() {
  let now = noon;
  const keeping = {
    nightRuns: createMemoryNightRuns(),
    nightClock: createMemoryNightClock(undefined, () => now),
    audit: createMemoryAuditLog(),
    now: () => now,
  };
  return {
    ...keeping,
    at(time: number) {
      now = time;
      return keepNight(keeping);
    },
    set: () => setNight(keeping),
    days: async () =>
      (await keeping.nightRuns.list({ since: 0, limit: 99 })).map(({ dueAt }) => (dueAt - four(0)) / dayMs),
    audited: () => keeping.audit.events().map(({ details }) => details?.['count']),
  };
}

describe('the schedule of the night', () => {
  let kept: ReturnType<typeof setUp>;
  beforeEach(async () => {
    kept = setUp();
    await kept.set();
  });

  it('counts from its first start: nothing before was missed', async () => {
    await kept.at(noon + hourMs);
    expect(await kept.days()).toEqual([]);
    expect((await kept.nightRuns.accounted()).until).toBe(noon);
  });

  it('has missed a night once it is too late for it, and not before', async () => {
    await kept.at(four(0) + nightCatchUpMs + minuteMs - 1);
    expect(await kept.days()).toEqual([]);
    await kept.at(four(0) + nightCatchUpMs + minuteMs);
    expect(await kept.days()).toEqual([0]);
    await kept.at(four(0) + nightCatchUpMs + minuteMs);
    expect(kept.audited()).toEqual([1]);
  });

  it('has not missed what ran, whatever was asked for besides', async () => {
    const ran = { trigger: 'schedule', state: 'ran', isCutShort: false } as const;
    await kept.nightRuns.save({ ...ran, id: dueNightId(four(0)), dueAt: four(0), phases: [] });
    // Somebody who asks in the very second of the next night does not stand for it.
    await kept.nightRuns.save({ ...ran, id: 'now-a', trigger: 'owner', dueAt: four(1), phases: [] });
    await kept.at(four(2));
    expect((await kept.nightRuns.list({ since: 0, limit: 9 })).map(({ id, state }) => [id, state])).toEqual([
      ['now-a', 'ran'],
      [dueNightId(four(1)), 'skipped'],
      [dueNightId(four(0)), 'ran'],
    ]);
  });

  it('tells a month of an absence night by night, and all of it in the audit log', async () => {
    await kept.at(four(60));
    expect((await kept.days()).length).toBe(31);
    expect(kept.audited()).toEqual([60]);
  });

  it('goes back in time with the clock, and tells no night twice', async () => {
    await kept.at(four(2));
    await kept.at(noon);
    await kept.at(four(2));
    expect(await kept.days()).toEqual([1, 0]);
  });

  it('lets come what is due once a clock that was ahead is set right', async () => {
    await kept.at(four(5));
    await kept.at(four(1) - hourMs);
    expect(await kept.days()).toEqual([0]);
    const run = { trigger: 'schedule', state: 'running', isCutShort: false, phases: [] } as const;
    const due = { ...run, id: dueNightId(four(1)), dueAt: four(1), phases: [] };
    expect(await kept.nightRuns.begin(due, { at: four(1), overAt: four(2) })).toEqual({ kind: 'begun' });
    await kept.at(four(4));
    expect(await kept.days()).toEqual([3, 2, 1, 0]);
  });

  it('is made anew where the server waits for a time its clock once showed', async () => {
    let renewed = 0;
    const nightClock: NightClock = {
      ...kept.nightClock,
      async timing() {
        const timing = await kept.nightClock.timing();
        return timing && { ...timing, next: renewed > 0 ? timing.next : [four(40)] };
      },
      async renew() {
        renewed += 1;
      },
    };
    const { nightRuns, audit, now } = kept;
    const keeping = { nightRuns, audit, now, nightClock };
    expect((await keepNight(keeping)).next[0]).toBe(four(0));
    await keepNight(keeping);
    expect(renewed).toBe(1);
  });
});
