import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  type CloudLedger,
  emptyLedger,
  heldOn,
  keepMs,
  reserve,
  type ReserveOrder,
  settle,
  usedOn,
} from '../../../../domain/cloud/budget.ts';
import { leaseMs } from '../../../../domain/cloud/limits.ts';

const at = 1_790_000_000_000;
const day = '2026-11-25';
const order: ReserveOrder = { id: 'a', day, at, least: 100, most: 400, limit: 1000 };

function reserved(...orders: Partial<ReserveOrder>[]): { ledger: CloudLedger; granted: (number | undefined)[] } {
  let ledger = emptyLedger;
  const granted = orders.map((change) => {
    const step = reserve(ledger, { ...order, ...change });
    ledger = step.ledger;
    return step.granted;
  });
  return { ledger, granted };
}

describe('the daily budget of the cloud', () => {
  it('grants what is asked for, then what is left, then nothing', () => {
    const { granted, ledger } = reserved({ id: 'a' }, { id: 'b' }, { id: 'c' }, { id: 'd' });
    expect(granted).toEqual([400, 400, 200, undefined]);
    expect(heldOn(ledger, day, at)).toBe(1000);
  });

  it('gives back what a call did not use', () => {
    const { ledger } = reserved({ id: 'a' }, { id: 'b' });
    const settled = settle(ledger, { id: 'a', tokens: 30 });
    expect(usedOn(settled, day, at)).toBe(30);
    expect(reserve(settled, { ...order, id: 'c', most: 900 }).granted).toBe(570);
  });

  it('counts what a model used beyond its estimate', () => {
    const settled = settle(reserved({}).ledger, { id: 'a', tokens: 1200 });
    expect(usedOn(settled, day, at)).toBe(1200);
    expect(reserve(settled, { ...order, id: 'b' }).granted).toBeUndefined();
  });

  it('books once, however often a call is settled, and nothing for a call nobody knows', () => {
    const once = settle(reserved({}).ledger, { id: 'a', tokens: 50 });
    expect(settle(once, { id: 'a', tokens: 50 })).toEqual(once);
    expect(settle(once, { id: 'stranger', tokens: 50 })).toEqual(once);
  });

  it('books a call that midnight overtakes to the day it began on', () => {
    const { ledger, granted } = reserved(
      { id: 'late' },
      { id: 'early', day: '2026-11-26', at: at + 60_000, most: 1000 },
    );
    expect(granted).toEqual([400, 1000]);
    const settled = settle(ledger, { id: 'late', tokens: 300 });
    expect([usedOn(settled, day, at), usedOn(settled, '2026-11-26', at)]).toEqual([300, 0]);
  });

  it('lets a running call have more of the same day, also after midnight', () => {
    const { granted, ledger } = reserved({ id: 'a' }, { id: 'a', day: '2026-11-26', least: 600, most: 600 });
    expect(granted).toEqual([400, 600]);
    expect([heldOn(ledger, day, at), heldOn(ledger, '2026-11-26', at)]).toEqual([600, 0]);
  });

  it('leaves a running call what it has when it cannot have more', () => {
    const { granted, ledger } = reserved({ id: 'a' }, { id: 'a', least: 1001, most: 1001 });
    expect(granted).toEqual([400, undefined]);
    expect(heldOn(ledger, day, at)).toBe(400);
  });

  it('counts what a dead process held as used, and books what it was should the process only have slept', () => {
    const { ledger } = reserved({ id: 'dead', most: 700 });
    const later = { ...order, id: 'b', at: at + leaseMs };
    expect([usedOn(ledger, day, later.at - 1), heldOn(ledger, day, later.at - 1)]).toEqual([0, 700]);
    expect([usedOn(ledger, day, later.at), heldOn(ledger, day, later.at)]).toEqual([700, 0]);
    const next = reserve(ledger, later);
    expect(next.granted).toBe(300);
    expect(usedOn(settle(next.ledger, { id: 'dead', tokens: 200 }), day, later.at)).toBe(200);
  });

  it('gives no day back to a clock that was ahead, or to a process in another time zone', () => {
    const settled = settle(reserved({ id: 'a', most: 1000 }).ledger, { id: 'a', tokens: 1000 });
    const ahead = reserve(settled, { ...order, id: 'b', day: '2026-11-26' });
    expect(ahead.granted).toBe(400);
    expect(reserve(ahead.ledger, { ...order, id: 'c' }).granted).toBeUndefined();
  });

  it('removes days that are long over, and reservations nobody will settle any more', () => {
    const { ledger } = reserved({ id: 'a' }, { id: 'dead' });
    const settled = settle(ledger, { id: 'a', tokens: 100 });
    const later = reserve(settled, { ...order, id: 'b', day: '2026-12-27', at: at + keepMs });
    expect([...later.ledger.used.keys()]).toEqual([]);
    expect([...later.ledger.held.keys()]).toEqual(['b']);
    const next = reserve(settled, { ...order, id: 'b', day: '2026-11-26', at: at + keepMs });
    expect([...next.ledger.used]).toEqual([[day, 500]]);
    expect([...next.ledger.held.keys()]).toEqual(['b']);
  });

  it('never promises more than the limit, and neither loses nor doubles what was used', () => {
    const limit = 1000;
    const step = fc.record({
      kind: fc.constantFrom('reserve' as const, 'settle' as const, 'crash' as const),
      pick: fc.nat(30),
      least: fc.integer({ min: 1, max: 200 }),
      extra: fc.nat(400),
      share: fc.double({ min: 0, max: 1.5, noNaN: true }),
      wait: fc.integer({ min: 0, max: leaseMs / 4 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        let ledger = emptyLedger;
        let now = at;
        let most = 0; // used at most, whatever those used that died
        let overrun = 0;
        const running: { id: string; tokens: number }[] = [];
        for (const [index, { kind, pick, least, extra, share, wait }] of steps.entries()) {
          now += wait;
          if (kind === 'reserve') {
            const id = `call-${index}`;
            const { ledger: next, granted } = reserve(ledger, { id, day, at: now, least, most: least + extra, limit });
            ledger = next;
            if (granted !== undefined) running.push({ id, tokens: granted });
          } else {
            const [call] = running.splice(pick % (running.length + 1), 1);
            if (call !== undefined && kind === 'crash') most += call.tokens;
            if (call !== undefined && kind === 'settle') {
              const tokens = Math.floor(call.tokens * share);
              ledger = settle(settle(ledger, { id: call.id, tokens }), { id: call.id, tokens });
              most += tokens;
              overrun += Math.max(0, tokens - call.tokens);
            }
          }
          const holding = running.reduce((sum, { tokens }) => sum + tokens, 0);
          expect(usedOn(ledger, day, now) + heldOn(ledger, day, now)).toBe(most + holding);
          expect(most + holding).toBeLessThanOrEqual(limit + overrun);
        }
      }),
    );
  });
});
