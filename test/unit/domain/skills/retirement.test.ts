import { describe, expect, it } from 'vitest';

import { changesBetween } from '../../../../domain/skills/change.ts';
import { SkillLife } from '../../../../domain/skills/life.ts';
import { promote, reject } from '../../../../domain/skills/promotion.ts';
import { askOwner, failRun } from '../../../../domain/skills/quarantine.ts';
import { deprecate, restore, retest, strike } from '../../../../domain/skills/retirement.ts';
import { STRIKE_LIFE_MS } from '../../../../domain/skills/strikes.ts';
import type { SandboxVerdict } from '../../../../domain/sandbox/run.ts';
import { begun, hashOf, inUse, lifeOf, passed, submitted, waiting, walk } from './build.ts';

const hash = hashOf('a');
const day = 24 * 60 * 60 * 1000;

function struck(life: SkillLife, faults: readonly [runId: string, at: number, verdict?: SandboxVerdict][]): SkillLife {
  return faults.reduce((now, [runId, at, verdict = 'exception']) => {
    const { active } = now;
    return lifeOf(strike(now, { hash: active?.hash ?? hash, fault: { runId, verdict } }, at));
  }, life);
}

/** Runs in quarantine that fail by the fault of the version. */
function failures(letter: string, count: number) {
  const fail: Parameters<typeof walk>[1][number] = (life, at) =>
    failRun(life, { hash: hashOf(letter), fault: { runId: `t${at}`, verdict: 'exception' }, reason: 'it failed' }, at);
  return Array.from({ length: count }, () => [begun(letter), fail]).flat();
}

describe('the end of use by hand', () => {
  it('takes the version that was looked at out, and no other', () => {
    expect(deprecate(inUse('a'), { reason: 'old', hash: hashOf('b') }, 1)).toMatchObject({
      ok: false,
      code: 'SKILL_CHANGED',
    });
    for (const wish of [{ reason: 'old', hash }, { reason: 'old' }]) {
      expect(lifeOf(deprecate(inUse('a'), wish, 1)).past).toMatchObject([{ hash, state: 'deprecated' }]);
    }
  });
});

describe('strikes', () => {
  it('deprecate at the third, with the reason', () => {
    const two = struck(inUse('a'), [
      ['1', 1],
      ['2', 2],
    ]);
    expect(two.active?.strikes).toHaveLength(2);
    const three = struck(two, [['3', 3, 'timeout']]);
    expect(three.active).toBeUndefined();
    expect(three.past).toMatchObject([{ hash, state: 'deprecated', endedBy: 'faults' }]);
    expect(three.past[0]?.reason).toContain('timeout');
    expect(SkillLife.parse(three)).toEqual(three);
  });

  it('count a run once, however often it is reported', () => {
    const life = struck(inUse('a'), [['1', 1]]);
    expect(struck(life, [['1', 2]])).toBe(life);
  });

  it('expire after 30 days', () => {
    const life = struck(inUse('a'), [
      ['1', 0],
      ['2', day],
      ['3', STRIKE_LIFE_MS],
    ]);
    expect(life.active?.strikes.map(({ runId }) => runId)).toEqual(['2', '3']);
  });

  it('are told of, also where an old one has expired and as many are left', () => {
    const before = struck(inUse('a'), [['1', 0]]);
    const after = struck(before, [['2', STRIKE_LIFE_MS]]);
    expect(after.active?.strikes).toHaveLength(1);
    expect(changesBetween(before, after)).toMatchObject([{ hash, from: 'active', to: 'active', struck: true }]);
  });

  it('stay when the clock is set back', () => {
    const life = struck(inUse('a'), [
      ['1', 90 * day],
      ['2', 0],
    ]);
    expect(life.active?.strikes).toHaveLength(2);
    expect(struck(life, [['3', -90 * day]]).active).toBeUndefined();
  });

  it.each(['network-denied', 'fs-denied', 'privilege-denied', 'process-denied'] as const)(
    'for %s never expire',
    (verdict) => {
      const life = struck(inUse('a'), [
        ['1', 0, verdict],
        ['2', 400 * day, verdict],
        ['3', 800 * day, verdict],
      ]);
      expect(life.past).toMatchObject([{ state: 'deprecated' }]);
    },
  );

  it('against a version that is no longer active change nothing', () => {
    const life = inUse('b', inUse('a'));
    expect(lifeOf(strike(life, { hash, fault: { runId: '1', verdict: 'exception' } }, 1))).toBe(life);
  });
});

describe('a revision', () => {
  it('gives way to the good version before it at its second strike', () => {
    const life = struck(inUse('b', inUse('a')), [
      ['1', 1],
      ['2', 2],
    ]);
    expect(life.active).toMatchObject({ hash, state: 'active', promotedAt: 2000 });
    expect(life.active?.endedBy).toBeUndefined();
    expect(life.past).toMatchObject([{ hash: hashOf('b'), state: 'deprecated', endedBy: 'faults' }]);
    expect(changesBetween(inUse('b', inUse('a')), life).map(({ from, to }) => [from, to])).toEqual([
      ['replaced', 'active'],
      ['active', 'deprecated'],
    ]);
  });

  it('gives way to the good version also after many others were tried and given up', () => {
    const letters = 'cdefghijklmnopqrstuvwxyz'.split('');
    const tried = letters.reduce((now, letter) => walk(now, [submitted(letter)]), inUse('b', inUse('a')));
    expect(tried.past).toHaveLength(20);
    const life = struck(tried, [
      ['1', 1],
      ['2', 2],
    ]);
    expect(life.active).toMatchObject({ hash, state: 'active' });
  });

  it('does not give way to one that was deprecated or never promoted', () => {
    const deprecated = lifeOf(deprecate(inUse('a'), { reason: 'old' }, 5));
    const life = struck(inUse('b', deprecated), [
      ['1', 1],
      ['2', 2],
    ]);
    expect(life.active?.hash).toBe(hashOf('b'));
  });
});

describe('a deprecated version', () => {
  const byHand = lifeOf(deprecate(inUse('a'), { reason: 'old' }, 5));
  const byFaults = struck(inUse('a'), [
    ['1', 1],
    ['2', 2],
    ['3', 3],
  ]);

  it('goes back into quarantine when it is restored, with a clean sheet but for violations', () => {
    const life = lifeOf(restore(byFaults, { hash, reason: 'mended' }, 9));
    expect(life.candidate).toMatchObject({ hash, state: 'quarantined', runs: [], strikes: [], reason: 'mended' });
    const violated = struck(inUse('a'), [
      ['1', 1],
      ['2', 2, 'fs-denied'],
      ['3', 3],
    ]);
    expect(lifeOf(restore(violated, { hash, reason: 'x' }, 9)).candidate?.strikes).toMatchObject([{ runId: '2' }]);
  });

  it('is not restored over a version under test, and no unknown one is', () => {
    expect(restore(walk(byHand, [submitted('b')]), { hash, reason: 'x' }, 9)).toMatchObject({
      code: 'SKILL_NOT_READY',
    });
    expect(restore(byHand, { hash: hashOf('c'), reason: 'x' }, 9)).toMatchObject({ code: 'NOT_FOUND' });
  });

  it('is tested again when what it failed on has changed', () => {
    const life = lifeOf(retest(byFaults, { reason: 'the host answers again' }, 9));
    expect(life.candidate).toMatchObject({ hash, state: 'quarantined', reason: 'the host answers again' });
  });

  it('stays deprecated when that fails, says why, and is tested again the next time', () => {
    const first = lifeOf(retest(byFaults, { reason: 'another Node' }, 9));
    const failed = walk(first, failures('a', 3));
    expect(failed.candidate).toBeUndefined();
    expect(failed.past[0]).toMatchObject({ hash, state: 'deprecated', endedBy: 'faults' });
    expect(failed.past[0]?.reason).toBe('It was tested again and failed as before. it failed');
    expect(lifeOf(retest(failed, { reason: 'yet another Node' }, 20)).candidate).toMatchObject({ hash, strikes: [] });
  });

  it('is rejected as any other when it fails after the owner restored it', () => {
    const failed = walk(lifeOf(restore(byFaults, { hash, reason: 'mended' }, 9)), failures('a', 3));
    expect(failed.past[0]).toMatchObject({ hash, state: 'rejected' });
  });

  it('is rejected when the owner ends that test, and then tested no more', () => {
    const again = lifeOf(retest(byFaults, { reason: 'x' }, 9));
    const ended = lifeOf(reject(again, { hash, reason: 'not wanted', endedBy: 'owner' }, 10));
    expect(lifeOf(retest(ended, { reason: 'y' }, 11))).toBe(ended);
  });

  it('is in use like any other when that succeeds', () => {
    const clean = ['x', 'y', 'z'].map((name) => passed('a', name));
    const ask: Parameters<typeof walk>[1][number] = (life, at) => askOwner(life, { hash }, at);
    const again = walk(lifeOf(retest(byFaults, { reason: 'x' }, 9)), [begun('a'), ...clean, ask]);
    const { active } = lifeOf(promote(again, { hash }, 30));
    expect(active).toMatchObject({ hash, state: 'active' });
    expect(active).not.toHaveProperty('isRetest');
  });

  it('is not tested again when the owner ended it, it broke out, or another version is there', () => {
    const violated = struck(inUse('a'), [
      ['1', 1],
      ['2', 2],
      ['3', 3, 'network-denied'],
    ]);
    for (const life of [byHand, violated, walk(byFaults, [submitted('b')]), inUse('b', byFaults), waiting('a')]) {
      expect(lifeOf(retest(life, { reason: 'x' }, 9))).toBe(life);
    }
  });

  it('cannot be deprecated twice', () => {
    expect(deprecate(byHand, { reason: 'x' }, 9)).toMatchObject({ code: 'SKILL_NOT_READY' });
  });
});

it('remembers who tried to leave the sandbox, however many versions come after', () => {
  const violated = struck(inUse('A'), [
    ['1', 1, 'fs-denied'],
    ['2', 2, 'fs-denied'],
    ['3', 3, 'fs-denied'],
  ]);
  const later = 'abcdefghijklmnopqrstuvwxyz'
    .split('')
    .reduce((now, letter) => walk(now, [submitted(letter)]), violated);
  expect(later.past).toHaveLength(20);
  expect(later.past.find((version) => version.hash === hashOf('A'))?.strikes).toHaveLength(3);
  expect(lifeOf(submitted('A')(later, 9))).toBe(later);
});

it('remembers the newest twenty versions, and little of each', () => {
  const letters = Array.from({ length: 26 }, (_, index) => String.fromCodePoint(97 + index));
  const life = letters.reduce((now, letter) => inUse(letter, now), inUse('A'));
  expect(life.past).toHaveLength(20);
  expect(life.past[0]?.hash).toBe(hashOf('y'));
  expect(life.past.flatMap(({ runs }) => runs.flatMap(({ egress }) => egress))).toEqual([]);
  expect(JSON.stringify(life).length).toBeLessThan(64 * 1024);
});
