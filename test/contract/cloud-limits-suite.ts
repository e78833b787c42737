import { randomUUID } from 'node:crypto';

import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';

import { admit, breakerRule, closedBreaker, hear } from '../../domain/cloud/breaker.ts';
import { emptyLedger, heldOn, keepMs, reserve, settle, usedOn } from '../../domain/cloud/budget.ts';
import { leaseMs } from '../../domain/cloud/limits.ts';
import type { CloudBreaker, CloudBudget } from '../../domain/cloud/ports.ts';

const at = 1_790_000_000_000;
const today = '2026-11-25';
const minute = 60_000;

/** The same budget as two processes see it; a fresh one each time. */
export function describeCloudBudget(name: string, create: () => Promise<readonly [CloudBudget, CloudBudget]>) {
  describe(name, () => {
    let here: CloudBudget;
    let there: CloudBudget;
    beforeEach(async () => {
      [here, there] = await create();
    });
    const order = { day: today, at, least: 100, most: 400, limit: 1000 };

    it('is one for all: what one reserves, the other cannot', async () => {
      expect(await here.reserve({ ...order, id: 'a', most: 800 })).toBe(800);
      expect(await there.reserve({ ...order, id: 'b' })).toBe(200);
      expect(await here.reserve({ ...order, id: 'c' })).toBeUndefined();
      expect(await there.use(today, at)).toEqual({ used: 0, held: 1000 });
    });

    it('books what was used, once, whoever settles', async () => {
      await here.reserve({ ...order, id: 'a' });
      await there.settle({ id: 'a', tokens: 250 });
      await here.settle({ id: 'a', tokens: 250 });
      expect(await here.use(today, at)).toEqual({ used: 250, held: 0 });
    });

    it('gives the last tokens of a day to one of two that race', async () => {
      await here.reserve({ ...order, id: 'first', least: 880, most: 880 });
      const racers = Array.from({ length: 20 }, (_, i) =>
        (i % 2 === 0 ? here : there).reserve({ ...order, id: randomUUID() }),
      );
      const granted = (await Promise.all(racers)).filter((tokens) => tokens !== undefined);
      expect(granted).toEqual([120]);
    });

    it('loses no settlement of a race', async () => {
      const ids = Array.from({ length: 20 }, () => randomUUID());
      await Promise.all(ids.map((id) => here.reserve({ ...order, id, least: 1, most: 10 })));
      await Promise.all(ids.flatMap((id) => [here.settle({ id, tokens: 7 }), there.settle({ id, tokens: 7 })]));
      expect(await there.use(today, at)).toEqual({ used: 140, held: 0 });
    });

    it('counts what a dead process held as used, until it is known better', async () => {
      await here.reserve({ ...order, id: 'dead', most: 800 });
      const later = at + leaseMs;
      expect(await there.use(today, later)).toEqual({ used: 800, held: 0 });
      expect(await there.reserve({ ...order, id: 'next', at: later })).toBe(200);
      await here.settle({ id: 'dead', tokens: 300 });
      expect(await there.use(today, later)).toEqual({ used: 300, held: 200 });
    });

    it('books what a dead process held once nobody will settle it any more', async () => {
      await here.reserve({ ...order, id: 'dead', most: 800 });
      await there.reserve({ ...order, id: 'next', at: at + keepMs });
      await here.settle({ id: 'dead', tokens: 300 });
      expect(await there.use(today, at + keepMs)).toEqual({ used: 800, held: 200 });
    });

    it('does what the rules say, whatever happens in which order', async () => {
      const days = [today, '2026-11-26', '2026-12-27'] as const;
      const step = fc.record({
        kind: fc.constantFrom('reserve' as const, 'reserve' as const, 'settle' as const),
        id: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
        day: fc.constantFrom(...days),
        least: fc.integer({ min: 1, max: 300 }),
        extra: fc.nat(500),
        tokens: fc.nat(500),
        wait: fc.oneof(fc.nat(2 * minute), fc.constantFrom(leaseMs, keepMs, -minute)),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
          const [budget] = await create();
          let ledger = emptyLedger;
          let now = at;
          for (const { kind, id, day, least, extra, tokens, wait } of steps) {
            now += wait;
            if (kind === 'reserve') {
              const asked = { id, day, at: now, least, most: least + extra, limit: 1000 };
              const next = reserve(ledger, asked);
              ledger = next.ledger;
              expect(await budget.reserve(asked)).toBe(next.granted);
            } else {
              ledger = settle(ledger, { id, tokens });
              await budget.settle({ id, tokens });
            }
            for (const past of days) {
              const expected = { used: usedOn(ledger, past, now), held: heldOn(ledger, past, now) };
              expect(await budget.use(past, now)).toEqual(expected);
            }
          }
        }),
        { numRuns: 40 },
      );
    });
  });
}

/** The same breaker as two processes see it; a fresh one each time. */
export function describeCloudBreaker(name: string, create: () => Promise<readonly [CloudBreaker, CloudBreaker]>) {
  describe(name, () => {
    let here: CloudBreaker;
    let there: CloudBreaker;
    beforeEach(async () => {
      [here, there] = await create();
    });

    async function openIt(): Promise<void> {
      for (let i = 0; i < breakerRule.failures; i += 1) {
        await (i % 2 === 0 ? here : there).hear({ call: `f${i}`, at: at + i, verdict: 'failed' });
      }
    }

    it('starts closed', async () => {
      expect(await here.current()).toEqual({ kind: 'closed', failures: [] });
      expect(await there.admit({ call: 'a', at })).toMatchObject({ isAdmitted: true, before: 'closed' });
    });

    it('opens for everybody after failures of several', async () => {
      await openIt();
      expect(await there.admit({ call: 'a', at: at + 10 })).toMatchObject({ isAdmitted: false, before: 'open' });
      expect(await here.current()).toEqual({ kind: 'open', until: at + 4 + minute, pauses: 1 });
    });

    it('tells exactly one of those who race that it changed', async () => {
      const ends = Array.from({ length: 8 }, (_, i) =>
        (i % 2 === 0 ? here : there).hear({ call: `f${i}`, at, verdict: 'failed' }),
      );
      const changed = (await Promise.all(ends)).filter(({ before, breaker }) => before !== breaker.kind);
      expect(changed).toHaveLength(1);
    });

    it('lets one probe through when twenty race for it', async () => {
      await openIt();
      const racers = Array.from({ length: 20 }, (_, i) =>
        (i % 2 === 0 ? here : there).admit({ call: `p${i}`, at: at + 2 * minute }),
      );
      expect((await Promise.all(racers)).filter(({ isAdmitted }) => isAdmitted)).toHaveLength(1);
    });

    it('is not stuck when the clock was set back', async () => {
      await openIt();
      expect(await there.admit({ call: 'a', at: at - 24 * 60 * minute })).toMatchObject({ isAdmitted: true });
      expect(await here.admit({ call: 'b', at: at - 48 * 60 * minute })).toMatchObject({ isAdmitted: true });
    });

    it('does what the rules say, whatever happens in which order', async () => {
      const step = fc.record({
        kind: fc.constantFrom('admit' as const, 'hear' as const, 'hear' as const),
        call: fc.constantFrom('a', 'b', 'c'),
        verdict: fc.constantFrom(
          'failed' as const,
          'failed' as const,
          'failed' as const,
          'answered' as const,
          'unknown' as const,
        ),
        retryAfterMs: fc.constantFrom(0, 0, 7500, 30 * minute, 90 * minute),
        wait: fc.oneof(
          { weight: 6, arbitrary: fc.nat(minute) },
          { weight: 1, arbitrary: fc.constantFrom(minute, 5 * minute, leaseMs, -24 * 60 * minute) },
        ),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
          const [shared] = await create();
          let breaker = admit(closedBreaker, { call: 'x', at }).breaker;
          let now = at;
          for (const { kind, call, verdict, retryAfterMs, wait } of steps) {
            now += wait;
            const before = breaker.kind;
            if (kind === 'admit') {
              const next = admit(breaker, { call, at: now });
              breaker = next.breaker;
              expect(await shared.admit({ call, at: now })).toEqual({ before, ...next });
            } else {
              breaker = hear(breaker, { call, at: now, verdict, retryAfterMs });
              expect(await shared.hear({ call, at: now, verdict, retryAfterMs })).toEqual({ before, breaker });
            }
          }
          expect(await shared.current()).toEqual(breaker);
        }),
        { numRuns: 60 },
      );
    });
  });
}
