import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';

import { type ApprovalLedger, createApprovalCodes } from '../../adapters/approval-codes.ts';
import { type ApprovalBook, codeLifeMs, emptyBook, issue, isOpen, redeem } from '../../domain/approval/book.ts';
import type { ApprovalRequest, DeliveredCode } from '../../domain/approval/code.ts';
import { TalosError } from '../../domain/errors.ts';
import type { ApprovalCodes } from '../../domain/ports.ts';

const minute = 60_000;
const hash = (digit: string) => digit.repeat(64);
const request: ApprovalRequest = { action: 'skill-promote', subject: 'csv-summary', binding: hash('a') };
const wrong = (code: string) => String((Number(code) + 1) % 10_000).padStart(4, '0');

/** What approval codes do over every ledger; `create` gives an empty one. */
export function describeApprovalCodes(name: string, create: () => Promise<ApprovalLedger>) {
  describe(name, () => {
    let ledger: ApprovalLedger;
    let codes: ApprovalCodes;
    let delivered: DeliveredCode[];
    let at: number;
    let isDelivering: boolean;

    beforeEach(async () => {
      ledger = await create();
      delivered = [];
      isDelivering = true;
      at = Date.now();
      const deliver = async (code: DeliveredCode) => {
        if (!isDelivering) throw new TalosError('APPROVAL_UNDELIVERED', 'Nobody took it.');
        delivered.push(code);
      };
      codes = createApprovalCodes({
        ledger,
        key: new Uint8Array(32).fill(7),
        delivery: { name: 'test', deliver },
        now: () => at,
      });
    });

    const ask = async (wanted: ApprovalRequest = request) => {
      const ticket = await codes.request(wanted);
      return { ticket, code: delivered.at(-1)?.code ?? '' };
    };
    const guess = (code: string, wanted: ApprovalRequest = request) => codes.redeem({ ...wanted, code });

    it('delivers four digits that are accepted once', async () => {
      const { ticket, code } = await ask();
      expect(ticket).toEqual({ id: expect.any(String), expiresAt: at + codeLifeMs });
      expect(delivered).toEqual([{ ...request, ...ticket, code: expect.stringMatching(/^\d{4}$/) }]);
      expect(await guess(code)).toEqual({ kind: 'accepted', id: ticket.id });
      expect(await guess(code)).toEqual({ kind: 'none' });
    });

    it('accepts a code once, however many come at the same time', async () => {
      const { code } = await ask();
      const kinds = await Promise.all(Array.from({ length: 20 }, async () => (await guess(code)).kind));
      expect(kinds.filter((kind) => kind === 'accepted')).toHaveLength(1);
      expect(kinds.filter((kind) => kind === 'none')).toHaveLength(19);
    });

    it('hears five guesses, however many come at the same time', async () => {
      const { code } = await ask();
      const kinds = await Promise.all(Array.from({ length: 50 }, async () => (await guess(wrong(code))).kind));
      expect(kinds.filter((kind) => kind === 'wrong')).toHaveLength(4);
      expect(await guess(code)).toEqual({ kind: 'locked', until: at + 10 * minute });
    });

    it.each<[string, ApprovalRequest]>([
      ['another hash', { ...request, binding: hash('b') }],
      ['another subject', { ...request, subject: 'other' }],
      ['another action', { ...request, action: 'skill-run' }],
    ])('does not take a code for %s', async (_what, other) => {
      const { code } = await ask();
      expect((await guess(code, other)).kind).not.toBe('accepted');
      await ask(other);
      await ask();
      expect((await guess(delivered.at(-1)?.code ?? '', other)).kind).not.toBe('accepted');
    });

    it('counts a guess for another hash', async () => {
      const { code } = await ask();
      expect(await guess(code, { ...request, binding: hash('b') })).toEqual({ kind: 'wrong', left: 4 });
    });

    it('does not take a code after five minutes', async () => {
      const { code } = await ask();
      at += codeLifeMs;
      expect(await guess(code)).toEqual({ kind: 'none' });
    });

    it.each([
      '',
      '１２３４',
      '12 34',
      '+123',
      '1e3',
      '00000',
      '\u0000\u0000\u0000\u0000',
      '٠١٢٣',
      'x'.repeat(1_000_000),
    ])('takes a guess such as %.12j as just wrong', async (text) => {
      await ask();
      expect(await guess(text)).toEqual({ kind: 'wrong', left: 4 });
    });

    it('makes a new code in place of the old, with the guesses that were left', async () => {
      const { code: first } = await ask();
      await guess(wrong(first));
      const { code } = await ask();
      if (first !== code) expect(await guess(first)).toEqual({ kind: 'wrong', left: 3 });
      expect((await guess(code)).kind).toBe('accepted');
    });

    it('makes no code while a lock-out holds, and then one', async () => {
      const { code } = await ask();
      for (const _ of [1, 2, 3, 4, 5]) await guess(wrong(code));
      await expect(ask()).rejects.toMatchObject({ code: 'APPROVAL_LOCKED', details: { retryAfterSeconds: 600 } });
      expect(delivered).toHaveLength(1);
      at += 10 * minute;
      expect((await guess((await ask()).code)).kind).toBe('accepted');
    });

    it('forgives every subject at a request after a quiet week, for good when the clock is set back then', async () => {
      const { code } = await ask();
      await guess(wrong(code));
      at += 8 * 24 * 60 * minute;
      await ask({ ...request, subject: 'other' });
      at -= 8 * 24 * 60 * minute;
      const { code: later } = await ask();
      expect(await guess(wrong(later))).toEqual({ kind: 'wrong', left: 4 });
    });

    it('lists what is open, without codes', async () => {
      const { ticket } = await ask();
      const open = { ...request, ...ticket, issuedAt: at };
      at += 1;
      const { code, ticket: second } = await ask({ ...request, subject: 'a/b c' });
      expect(await codes.open()).toEqual([open, { ...request, subject: 'a/b c', ...second, issuedAt: at }]);
      await guess(code, { ...request, subject: 'a/b c' });
      expect(await codes.open()).toEqual([open]);
      at += codeLifeMs;
      expect(await codes.open()).toEqual([]);
    });

    it('leaves nothing open when a code was not delivered', async () => {
      isDelivering = false;
      await expect(ask()).rejects.toMatchObject({ code: 'APPROVAL_UNDELIVERED' });
      expect(await codes.open()).toEqual([]);
    });

    it('is the machine of the domain, step for step', async () => {
      const minuteOrWeek = fc.oneof(fc.integer({ min: -20, max: 20 }), fc.integer({ min: -11_000, max: 11_000 }));
      const step = fc.record({
        kind: fc.constantFrom('issue', 'redeem', 'redeem', 'redeem', 'open'),
        wait: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: minuteOrWeek }),
        subject: fc.constantFrom('a', 'b', 'c d'),
        isRight: fc.boolean(),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60 }), async (steps) => {
          const own = await create();
          let book: ApprovalBook = emptyBook;
          let time = 1e12;
          for (const [index, { kind, wait, subject, isRight }] of steps.entries()) {
            time += wait * minute;
            const wanted = { ...request, subject };
            const proof = hash(isRight ? 'c' : 'd');
            if (kind === 'issue') {
              const times = { issuedAt: time, expiresAt: time + codeLifeMs };
              const code = { ...wanted, ...times, id: `i${index}`, proof: hash('c') };
              const expected = issue(book, code);
              book = expected.book;
              expect(await own.issue(code)).toEqual(expected.result);
            } else if (kind === 'redeem') {
              const expected = redeem(book, { ...wanted, proof, at: time });
              book = expected.book;
              expect(await own.redeem({ ...wanted, proof, at: time })).toEqual(expected.result);
            } else {
              const ids = Object.values(book.open).flatMap((code) => (isOpen(code, time) ? [code.id] : []));
              expect((await own.open(time)).map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
            }
          }
        }),
        { numRuns: 40 },
      );
    });
  });
}
