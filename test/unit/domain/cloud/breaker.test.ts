import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  admit,
  type Breaker,
  breakerRule,
  type CallVerdict,
  closedBreaker,
  hear,
} from '../../../../domain/cloud/breaker.ts';

const minute = 60_000;
const at = 1_790_000_000_000;

function after(verdicts: readonly (readonly [CallVerdict, number])[], from: Breaker = closedBreaker): Breaker {
  return verdicts.reduce((breaker, [verdict, time]) => hear(breaker, { call: 'c', at: time, verdict }), from);
}

const fails = (...times: number[]) => times.map((time) => ['failed', at + time] as const);
const opened = after(fails(0, 1, 2, 3, 4));

describe('the breaker before the cloud', () => {
  it('lets everything through before the first failure', () => {
    expect(admit(closedBreaker, { call: 'c', at })).toEqual({ breaker: closedBreaker, isAdmitted: true });
  });

  it.each([
    ['four failures', fails(0, 1, 2, 3), 'closed'],
    ['five failures within five minutes', fails(0, 1, 2, 3, 5 * minute), 'open'],
    ['five failures in six minutes', fails(0, 2 * minute, 3 * minute, 4 * minute, 5 * minute + 1), 'closed'],
    ['a good answer between', [...fails(0, 1), ['answered', at + 2] as const, ...fails(3, 4, 5)], 'open'],
    ['answers and ends nobody knows of', Array.from({ length: 9 }, () => ['unknown', at] as const), 'closed'],
    ['requests the cloud refused', Array.from({ length: 9 }, () => ['answered', at] as const), 'closed'],
  ])('after %s', (_, verdicts, kind) => {
    expect(after(verdicts).kind).toBe(kind);
  });

  it('lets nothing through for a minute, then one call, and no second beside it', () => {
    expect(admit(opened, { call: 'early', at: at + 4 + minute - 1 }).isAdmitted).toBe(false);
    const { breaker, isAdmitted } = admit(opened, { call: 'probe', at: at + 4 + minute });
    expect(isAdmitted).toBe(true);
    expect(breaker).toMatchObject({ kind: 'half-open', probe: 'probe' });
    expect(admit(breaker, { call: 'second', at: at + 4 + minute }).isAdmitted).toBe(false);
  });

  it('closes when the probe is answered', () => {
    const { breaker } = admit(opened, { call: 'probe', at: at + 2 * minute });
    expect(hear(breaker, { call: 'probe', at: at + 2 * minute, verdict: 'answered' })).toEqual(closedBreaker);
  });

  it('stays away twice as long each time the probe fails, up to an hour', () => {
    let breaker: Breaker = opened;
    const waits: number[] = [];
    let now = at + 4;
    for (let i = 0; i < 8; i += 1) {
      if (breaker.kind !== 'open') throw new Error('not open');
      waits.push((breaker.until - now) / minute);
      now = breaker.until;
      breaker = hear(admit(breaker, { call: 'p', at: now }).breaker, { call: 'p', at: now, verdict: 'failed' });
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
  });

  it('stays away as long as the cloud asked for, up to an hour', () => {
    const four = after(fails(0, 1, 2, 3));
    const failed = { call: 'c', at, verdict: 'failed' } as const;
    expect(hear(four, { ...failed, retryAfterMs: 10 * minute })).toMatchObject({ until: at + 10 * minute });
    expect(hear(four, { ...failed, retryAfterMs: 600 * minute })).toMatchObject({ until: at + 60 * minute });
  });

  it('lets the next call probe at once when the probe ended without a verdict', () => {
    const { breaker } = admit(opened, { call: 'probe', at: at + 2 * minute });
    const left = hear(breaker, { call: 'probe', at: at + 3 * minute, verdict: 'unknown' });
    expect(admit(left, { call: 'next', at: at + 3 * minute }).isAdmitted).toBe(true);
  });

  it('hears nobody but the probe while it is not closed', () => {
    expect(hear(opened, { call: 'late', at: at + 9, verdict: 'answered' })).toEqual(opened);
    const { breaker } = admit(opened, { call: 'probe', at: at + 2 * minute });
    for (const verdict of ['answered', 'failed', 'unknown'] as const) {
      expect(hear(breaker, { call: 'late', at: at + 2 * minute, verdict })).toEqual(breaker);
    }
  });

  it('does not wait for ever for a probe that died', () => {
    const { breaker } = admit(opened, { call: 'dead', at: at + 2 * minute });
    const next = { call: 'next', at: at + 2 * minute + breakerRule.probeMs };
    expect(admit(breaker, { ...next, at: next.at - 1 }).isAdmitted).toBe(false);
    expect(admit(breaker, next)).toMatchObject({ isAdmitted: true, breaker: { probe: 'next' } });
  });

  it('is not stuck when the clock was set back', () => {
    expect(admit(opened, { call: 'c', at: at - 24 * 60 * minute }).isAdmitted).toBe(true);
    const { breaker } = admit(opened, { call: 'probe', at: at + 2 * minute });
    expect(admit(breaker, { call: 'c', at: at - 24 * 60 * minute }).isAdmitted).toBe(true);
  });

  it('never has more than one probe, and never lets a call through while it is open', () => {
    const step = fc.record({
      wait: fc.integer({ min: 0, max: 3 * minute }),
      verdict: fc.constantFrom('answered' as const, 'failed' as const, 'unknown' as const),
      ends: fc.nat(20),
      retryAfterMs: fc.integer({ min: 0, max: 10 * minute }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        let breaker: Breaker = closedBreaker;
        let now = at;
        const running: { call: string; since: number; isProbe: boolean }[] = [];
        for (const [index, { wait, verdict, ends, retryAfterMs }] of steps.entries()) {
          now += wait;
          const before = breaker;
          const call = `call-${index}`;
          const admission = admit(breaker, { call, at: now });
          breaker = admission.breaker;
          if (before.kind === 'open' && before.until > now) expect(admission.isAdmitted).toBe(false);
          if (admission.isAdmitted) running.push({ call, since: now, isProbe: before.kind !== 'closed' });
          // Calls end in any order; one that lasts longer than any call may has died with its process.
          const [ended] = running.splice(ends % (running.length + 1), 1);
          if (ended !== undefined && now - ended.since < breakerRule.probeMs) {
            breaker = hear(breaker, { call: ended.call, at: now, verdict, retryAfterMs });
          }
          const probes = running.filter(({ isProbe, since }) => isProbe && now - since < breakerRule.probeMs);
          expect(probes.length).toBeLessThanOrEqual(1);
          if (breaker.kind === 'open') expect(breaker.until - now).toBeLessThanOrEqual(breakerRule.longestPauseMs);
        }
      }),
    );
  });
});
