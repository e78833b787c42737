import { array, assert, constantFrom, property, record } from 'fast-check';
import { describe, expect, it } from 'vitest';

import { changesBetween, type Outcome, shelfOf, unborn, versionsOf } from '../../../../domain/skills/change.ts';
import { describeLife } from '../../../../domain/skills/describe-life.ts';
import { SkillLife, SkillState } from '../../../../domain/skills/life.ts';
import { promote, reject } from '../../../../domain/skills/promotion.ts';
import { askOwner, beginRuns, countRun, failRun, submit } from '../../../../domain/skills/quarantine.ts';
import { deprecate, restore, retest, strike } from '../../../../domain/skills/retirement.ts';
import { cleanRun, hashOf, inUse, waiting } from './build.ts';

const reason = 'because';
type Move = { what: string; letter: string; name: string };

const moves: Record<string, (life: SkillLife, move: Move, at: number) => Outcome> = {
  submit: (life, { letter }, at) => submit(life, { hash: hashOf(letter), version: '1.0.0', findings: [] }, at),
  begin: (life, { letter }, at) => beginRuns(life, hashOf(letter), at),
  pass: (life, { letter, name }, at) => countRun(life, { hash: hashOf(letter), run: cleanRun(name) }, at),
  fail: (life, { letter }, at) =>
    failRun(life, { hash: hashOf(letter), fault: { runId: `r${at}`, verdict: 'oom' }, reason }, at),
  ask: (life, { letter }, at) => askOwner(life, { hash: hashOf(letter) }, at),
  promote: (life, { letter }, at) => promote(life, { hash: hashOf(letter) }, at),
  reject: (life, { letter }, at) => reject(life, { hash: hashOf(letter), reason, endedBy: 'owner' }, at),
  deprecate: (life, _move, at) => deprecate(life, { reason }, at),
  strike: (life, { letter }, at) =>
    strike(life, { hash: hashOf(letter), fault: { runId: `s${at}`, verdict: 'oom' } }, at),
  restore: (life, { letter }, at) => restore(life, { hash: hashOf(letter), reason }, at),
  retest: (life, _move, at) => retest(life, { reason }, at),
};

describe('the life of a skill', () => {
  it('holds together whatever is asked of it in whatever order', () => {
    const move = record({
      what: constantFrom(...Object.keys(moves), 'begin', 'pass', 'pass', 'pass', 'ask', 'promote'),
      letter: constantFrom('a', 'b', 'c'),
      name: constantFrom('x', 'y', 'z', 'w'),
    });
    assert(
      property(array(move, { maxLength: 120 }), (list) => {
        let life = unborn('csv-summary');
        const promoted = new Set<string>();
        list.forEach((one, at) => {
          const outcome = moves[one.what]?.(life, one, at);
          if (outcome === undefined || !outcome.ok) return;
          const { life: next } = outcome;
          expect(next.changes).toBe(next === life ? life.changes : life.changes + 1);
          if (one.what === 'promote') {
            expect(life.candidate).toMatchObject({ hash: hashOf(one.letter), state: 'awaiting-approval' });
            expect(new Set(life.candidate?.runs.map((run) => run.case)).size).toBe(3);
            promoted.add(hashOf(one.letter));
          }
          life = next;
          expect(life.active === undefined || promoted.has(life.active.hash)).toBe(true);
          expect(life.active?.strikes.length ?? 0).toBeLessThan(3);
          const hashes = versionsOf(life).map(({ hash }) => hash);
          expect(new Set(hashes).size).toBe(hashes.length);
        });
        expect(SkillLife.parse(JSON.parse(JSON.stringify(life)))).toEqual(life);
      }),
      { numRuns: 300 },
    );
  });

  it('tells what changed from one to the next, version by version', () => {
    const [before, after] = [waiting('b', inUse('a')), inUse('b', inUse('a'))];
    expect(changesBetween(before, after)).toEqual([
      { hash: hashOf('b'), from: 'awaiting-approval', to: 'active', runs: 3, strikes: 0, struck: false },
      {
        hash: hashOf('a'),
        from: 'active',
        to: 'replaced',
        runs: 3,
        strikes: 0,
        struck: false,
        endedBy: 'newer-version',
      },
    ]);
    expect(changesBetween(after, after)).toEqual([]);
  });

  it('has a shelf for every state, and only what is active lies with the active ones', () => {
    expect(SkillState.options.filter((state) => shelfOf(state) === 'active')).toEqual(['active']);
  });

  it('is told in one line', () => {
    expect(describeLife(unborn('x'))).toBe('nothing handed in yet');
    expect(describeLife(waiting('b', inUse('a')))).toMatch(
      /^\*\*1\.0\.97 active\*\* · \*\*1\.0\.98 awaiting-approval\*\*$/,
    );
  });
});
