import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { phaseLimitMs, phaseLimits } from '../../../../domain/night/limits.ts';
import { closePhases, judgeNight, listPhases, type NightStop } from '../../../../domain/night/night-end.ts';
import { askedNightId, dueNightId, isDueNight } from '../../../../domain/night/night-id.ts';
import { phaseNames } from '../../../../domain/night/phases.ts';
import { NightRunId, type PhaseReport } from '../../../../domain/night/run.ts';
import { whyNight } from '../../../../domain/night/view.ts';
import { describeNightWhen, knownZone } from '../../../../domain/night/when.ts';
import { dreamCycleWorkflowId } from '../../../../workflows/messages.ts';

const caps = { softMs: 28 * 60_000, hardMs: 30 * 60_000 };
const minuteMs = 60_000;

describe('the limit of a phase', () => {
  it.each([
    ['redis', 0, 5],
    ['memory', 5, 8],
    ['logs', 20, 8],
    ['logs', 25, 5],
    ['health', 27.5, 2],
  ] as const)('%s that begins after %d minutes may take %d', (phase, elapsed, expected) => {
    expect(phaseLimitMs(phase, elapsed * minuteMs, caps)).toBe(expected * minuteMs);
  });

  it('is none once the soft cap is reached: nothing begins', () => {
    expect(phaseLimitMs('health', 28 * minuteMs, caps)).toBeUndefined();
    expect(phaseLimitMs('health', 28 * minuteMs - 1, caps)).toBe(2 * minuteMs);
  });

  it('is never over the hard cap, over its own, or nothing, whatever the caps', () => {
    const ms = fc.integer({ min: 1, max: 4 * 60 * minuteMs });
    fc.assert(
      fc.property(
        fc.constantFrom(...phaseNames),
        ms,
        fc.record({ softMs: ms, hardMs: ms }),
        (phase, elapsedMs, any) => {
          const { softMs, hardMs } = any;
          const limit = phaseLimitMs(phase, elapsedMs, any);
          if (elapsedMs >= softMs) return limit === undefined;
          return (
            limit !== undefined &&
            limit > 0 &&
            limit <= phaseLimits[phase] &&
            elapsedMs + limit <= Math.max(softMs, hardMs)
          );
        },
      ),
    );
  });
});

describe('the id of a run', () => {
  const seconds = fc.integer({ min: 0, max: 4_102_444_800 });

  it('that was due is one for each second, and in the order of time', () => {
    fc.assert(
      fc.property(seconds, seconds, (a, b) => {
        const [first, second] = [dueNightId(a * 1000), dueNightId(b * 1000)];
        expect(NightRunId.safeParse(first).success && isDueNight(first)).toBe(true);
        expect(dueNightId(a * 1000 + 999)).toBe(first);
        return first < second === a < b && (first === second) === (a === b);
      }),
    );
  });

  it('that was asked for is never one that was due', () => {
    expect(isDueNight(askedNightId('due-20261125T040000Z'))).toBe(false);
    expect(NightRunId.safeParse(askedNightId('../etc')).success).toBe(false);
  });

  it('names its workflow as Temporal does', () => {
    expect(dreamCycleWorkflowId(dueNightId(Date.UTC(2026, 10, 25, 4)))).toBe('dream-cycle/due-2026-11-25T04:00:00Z');
    expect(dreamCycleWorkflowId(askedNightId('a'))).toBe('dream-cycle/now-a');
  });
});

describe('the end of a run', () => {
  const done = phaseNames.map((phase): PhaseReport => ({ phase, state: 'done' }));
  const but = (phase: string, state: PhaseReport['state']) =>
    done.map((report) => (report.phase === phase ? { ...report, state } : report));

  const ended = (phases: readonly PhaseReport[], stop?: NightStop) => judgeNight(phases, stop);

  it('is to have run when every phase was done, cut short or not', () => {
    expect(ended(done)).toEqual({ state: 'ran', isCutShort: false });
    expect(ended(but('logs', 'cut-short'))).toEqual({ state: 'ran', isCutShort: true });
    expect(ended(but('health', 'skipped'))).toEqual({ state: 'ran', isCutShort: true });
  });

  it('is to have failed when a phase did, or something stopped it', () => {
    expect(ended(but('logs', 'failed'))).toEqual({ state: 'failed', reason: 'phase-failed', isCutShort: false });
    const stopped = but('logs', 'cut-short');
    expect(ended(stopped, 'cancelled')).toEqual({ state: 'failed', reason: 'cancelled', isCutShort: true });
    expect(ended(but('logs', 'failed'), 'hard-cap')).toMatchObject({ state: 'failed', reason: 'hard-cap' });
  });

  it('leaves no phase running or untold, and never counts as whole without one', () => {
    const report = fc.record({
      phase: fc.constantFrom(...phaseNames),
      state: fc.constantFrom<PhaseReport['state']>('running', 'done', 'failed', 'cut-short'),
      startedAt: fc.integer({ min: 0, max: 100 }),
    });
    fc.assert(
      fc.property(fc.uniqueArray(report, { selector: ({ phase }) => phase }), (reports) => {
        const closed = closePhases(reports, 50);
        expect(closed.map(({ phase }) => phase)).toEqual(phaseNames);
        expect(closed.every(({ state, ms = 0 }) => state !== 'running' && ms >= 0)).toBe(true);
        const isWhole = reports.length === 5 && reports.every(({ state }) => state === 'done' || state === 'failed');
        return judgeNight(closed).isCutShort === !isWhole;
      }),
    );
  });

  it('is told in words', () => {
    expect(
      listPhases([{ phase: 'redis', state: 'failed', ms: 1234, error: { code: 'STORE_FULL', message: '' } }]),
    ).toBe('- redis: failed, 1.2 s (STORE_FULL)');
    expect(whyNight({ reason: 'missed' })).toBe('Talos was not running when it was due, or it was paused in Temporal');
    expect(whyNight({})).toBeUndefined();
    expect(describeNightWhen({ hour: 4, minute: 5, zone: 'Europe/Berlin' })).toBe('every day at 04:05 Europe/Berlin');
  });

  it.each([
    ['Europe/Berlin', 'Europe/Berlin'],
    ['Etc/Unknown', 'UTC'],
    ['', 'UTC'],
    [undefined, 'UTC'],
  ])('goes by zone %s as %s', (zone, expected) => {
    expect(knownZone(zone)).toBe(expected);
  });
});
