import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  type ApprovalBook,
  cancel,
  codeLifeMs,
  emptyBook,
  issue,
  nameOf,
  type OpenCode,
  redeem,
} from '../../../../domain/approval/book.ts';
import type { Redemption } from '../../../../domain/approval/code.ts';

const minute = 60_000;
const day = 24 * 60 * minute;

/** A machine with a clock of its own; codes are their own proofs. */
function createMachine() {
  let book: ApprovalBook = emptyBook;
  let ids = 0;
  const machine = {
    at: 10 * day,
    guesses: [] as number[],

    ask(subject = 'csv', proof = 'right') {
      const times = { issuedAt: machine.at, expiresAt: machine.at + codeLifeMs };
      const code: OpenCode = { action: 'skill-promote', subject, binding: '', id: `i${(ids += 1)}`, proof, ...times };
      const step = issue(book, code);
      book = step.book;
      return step.result;
    },

    guess(proof = 'wrong', subject = 'csv'): Redemption {
      const step = redeem(book, { action: 'skill-promote', subject, proof, at: machine.at });
      const isHeard = step.result.kind === 'wrong' || lockOuts(step.book) > lockOuts(book);
      if (isHeard) machine.guesses.push(machine.at);
      book = step.book;
      return step.result;
    },

    book: () => book,
    cancel: (id: string) => (book = cancel(book, { action: 'skill-promote', subject: 'csv', id })),
  };
  return machine;
}

/** Lock-outs so far. */
function lockOuts({ guards }: ApprovalBook): number {
  return Object.values(guards).reduce((sum, { level }) => sum + level, 0);
}

/** Most guesses heard within any 24 hours. */
function mostInADay(times: readonly number[]): number {
  let first = 0;
  return times.reduce((most, time, index) => {
    while (time - (times[first] ?? time) >= day) first += 1;
    return Math.max(most, index - first + 1);
  }, 0);
}

describe('an approval code', () => {
  it('is accepted once', () => {
    const machine = createMachine();
    machine.ask();
    expect(machine.guess('right')).toEqual({ kind: 'accepted', id: 'i1' });
    expect(machine.guess('right')).toEqual({ kind: 'none' });
  });

  it('counts for five minutes, to the millisecond', () => {
    const machine = createMachine();
    machine.ask();
    machine.at += codeLifeMs - 1;
    expect(machine.guess('right').kind).toBe('accepted');
    machine.ask();
    machine.at += codeLifeMs;
    expect(machine.guess('right').kind).toBe('none');
  });

  it('counts no more once the clock was set back behind its making', () => {
    const machine = createMachine();
    machine.ask();
    machine.at -= 1;
    expect(machine.guess('right').kind).toBe('none');
  });

  it('is void once a new one is made for the same', () => {
    const machine = createMachine();
    machine.ask('csv', 'first');
    machine.ask('csv', 'second');
    expect(machine.guess('first')).toEqual({ kind: 'wrong', left: 4 });
    expect(machine.guess('second').kind).toBe('accepted');
  });

  it('fits nothing else', () => {
    const machine = createMachine();
    machine.ask('csv', 'right');
    expect(machine.guess('right', 'other').kind).toBe('none');
    machine.ask('other', 'another');
    expect(machine.guess('right', 'other').kind).toBe('wrong');
  });

  it('is burnt by five wrong guesses, which start a lock-out', () => {
    const machine = createMachine();
    machine.ask();
    const kinds = Array.from({ length: 5 }, () => machine.guess().kind);
    expect(kinds).toEqual(['wrong', 'wrong', 'wrong', 'wrong', 'locked']);
    expect(machine.guess('right')).toEqual({ kind: 'locked', until: machine.at + 10 * minute });
    machine.at += 10 * minute;
    expect(machine.guess('right').kind).toBe('none');
  });

  it('can be voided by its id alone', () => {
    const machine = createMachine();
    machine.ask();
    machine.cancel('another');
    expect(Object.keys(machine.book().open)).toEqual([nameOf({ action: 'skill-promote', subject: 'csv' })]);
    machine.cancel('i1');
    expect(machine.guess('right').kind).toBe('none');
  });
});

describe('a lock-out', () => {
  const lockOut = (machine: ReturnType<typeof createMachine>, subject = 'csv') => {
    machine.ask(subject);
    for (let guess = 0; guess < 5; guess += 1) machine.guess('wrong', subject);
    const result = machine.guess('wrong', subject);
    return result.kind === 'locked' ? result.until - machine.at : 0;
  };

  it('grows each time', () => {
    const machine = createMachine();
    const lengths = Array.from({ length: 6 }, () => {
      const length = lockOut(machine);
      machine.at += length;
      return length / minute;
    });
    expect(lengths).toEqual([10, 60, 360, 1440, 10_080, 10_080]);
  });

  it('is not passed by asking for new codes', () => {
    const machine = createMachine();
    for (const _ of [1, 2, 3, 4]) {
      machine.ask();
      machine.guess();
    }
    machine.ask();
    expect(machine.guess().kind).toBe('locked');
    expect(machine.ask().kind).toBe('locked');
  });

  it('leaves other subjects alone until ten guesses went wrong altogether', () => {
    const machine = createMachine();
    lockOut(machine, 'a');
    expect(machine.ask('b').kind).toBe('issued');
    for (let guess = 0; guess < 5; guess += 1) machine.guess('wrong', 'b');
    expect(machine.ask('c').kind).toBe('locked');
    machine.at += 10 * minute;
    expect(machine.ask('c').kind).toBe('issued');
  });

  it('is forgiven after a quiet week, and not before', () => {
    const machine = createMachine();
    machine.at += lockOut(machine);
    machine.at += 7 * day;
    expect(lockOut(machine)).toBe(60 * minute);
    machine.at += 60 * minute + 7 * day + 1;
    machine.at += lockOut(machine);
    machine.at += 7 * day + 1;
    expect(lockOut(machine)).toBe(10 * minute);
  });

  it('is neither ended nor made longer than its length by a clock that is set back', () => {
    const machine = createMachine();
    lockOut(machine);
    machine.at -= 3 * day;
    expect(machine.guess()).toEqual({ kind: 'locked', until: machine.at + 10 * minute });
    machine.at += 10 * minute - 1;
    expect(machine.guess().kind).toBe('locked');
    machine.at += 1;
    expect(machine.guess().kind).toBe('none');
  });

  it('does not come from typing errors between right codes', () => {
    const machine = createMachine();
    for (let turn = 0; turn < 100; turn += 1) {
      machine.ask();
      expect(machine.guess().kind).toBe('wrong');
      expect(machine.guess('right').kind).toBe('accepted');
    }
  });
});

describe('guessing by force', () => {
  const codes = 10_000;

  /** Somebody who asks and guesses as soon as that is possible, or with a pause after each lock-out, with as many subjects as wanted. */
  function attack(subjects: number, days: number, pause = 0): number[] {
    const machine = createMachine();
    const end = machine.at + days * day;
    while (machine.at < end) {
      const waits = Array.from({ length: subjects }, (_, index) => {
        machine.ask(`s${index}`);
        for (;;) {
          const result = machine.guess('wrong', `s${index}`);
          if (result.kind !== 'wrong') return result.kind === 'locked' ? result.until - machine.at : minute;
        }
      });
      machine.at += Math.max(1, Math.min(...waits)) + pause;
    }
    return machine.guesses;
  }

  it('meets one code with at most 0.05 %', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: codeLifeMs }), { minLength: 30, maxLength: 60 }), (moments) => {
        const machine = createMachine();
        machine.ask();
        const start = machine.at;
        let guesses = 0;
        for (const moment of moments) {
          machine.at = start + moment;
          if (['wrong', 'locked'].includes(machine.guess().kind)) guesses = machine.guesses.length;
        }
        expect(guesses / codes).toBeLessThanOrEqual(0.0005);
      }),
    );
  });

  it('meets any code of one subject with at most 0.2 % in a day', () => {
    expect(mostInADay(attack(1, 40))).toBe(20);
  });

  it.each([2, 3, 50])('meets any code of %i subjects with at most 0.4 % in a day', (subjects) => {
    expect(mostInADay(attack(subjects, 40))).toBeLessThanOrEqual(40);
  });

  it.each([1, 10, 61, 361, 1440, 7 * 1440])('gains nothing by pauses of %i minutes', (pause) => {
    expect(mostInADay(attack(50, 60, pause * minute))).toBeLessThanOrEqual(40);
  });

  it('makes ten guesses a week in the long run', () => {
    expect(attack(50, 366).length).toBeLessThanOrEqual(40 + 10 + 10 * 52);
  });

  it('is bounded whatever the order of requests, guesses and waits', () => {
    const waits = fc.oneof(fc.integer({ min: 0, max: minute }), fc.integer({ min: 0, max: 8 * day }));
    const step = fc.record({ wait: waits, subject: fc.integer({ min: 0, max: 3 }), guesses: fc.nat(6) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const machine = createMachine();
        for (const { wait, subject, guesses } of steps) {
          machine.at += wait;
          machine.ask(`s${subject}`);
          for (let guess = 0; guess < guesses; guess += 1) machine.guess('wrong', `s${subject}`);
        }
        expect(mostInADay(machine.guesses)).toBeLessThanOrEqual(40);
      }),
    );
  });
});
