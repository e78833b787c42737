import { describe, expect, it } from 'vitest';

import type { Benefit } from '../../../../domain/skills/certificate.ts';
import { unborn } from '../../../../domain/skills/change.ts';
import type { SkillLife } from '../../../../domain/skills/life.ts';
import { gainsByItself, isHarmful, promote, promotesItself, reject } from '../../../../domain/skills/promotion.ts';
import { begun, hashOf, inUse, lifeOf, submitted, waiting, walk } from './build.ts';

const hash = hashOf('a');
const benefit = (withSkill: number, withoutSkill: number): Benefit => ({
  cases: 4,
  withSkill,
  withoutSkill,
  model: 'm',
});

function measured(life: SkillLife, figures: { active?: Benefit; candidate?: Benefit }): SkillLife {
  const { active, candidate } = life;
  return {
    ...life,
    ...(active && { active: { ...active, ...(figures.active && { benefit: figures.active }) } }),
    ...(candidate && { candidate: { ...candidate, ...(figures.candidate && { benefit: figures.candidate }) } }),
  };
}

describe('promotion', () => {
  it('makes the version the owner consented to the active one', () => {
    const life = lifeOf(promote(waiting('a'), { hash }, 50));
    expect(life.active).toMatchObject({ hash, state: 'active', promotedAt: 50, runs: [{}, {}, {}] });
    expect(life.candidate).toBeUndefined();
  });

  it.each([
    ['another hash', waiting('a'), hashOf('b'), 'SKILL_CHANGED'],
    ['a version still running', walk(unborn('x'), [submitted('a'), begun('a')]), hash, 'SKILL_NOT_READY'],
    ['a version already active', inUse('a'), hash, 'SKILL_NOT_READY'],
    ['an unknown skill', unborn('x'), hash, 'SKILL_NOT_READY'],
  ])('is refused for %s', (...[, life, consented, code]) => {
    expect(promote(life, { hash: consented }, 1)).toMatchObject({ ok: false, code });
  });

  it('is refused to a version that forged its state: the runs themselves have to be there', () => {
    const life = waiting('a');
    const forged = { ...life, ...(life.candidate && { candidate: { ...life.candidate, runs: [] } }) };
    expect(promote(forged, { hash }, 1)).toMatchObject({ ok: false, code: 'SKILL_NOT_READY' });
  });

  it('of a version that does worse than the model alone needs a reason', () => {
    const life = measured(waiting('a'), { candidate: benefit(1, 3) });
    expect(promote(life, { hash }, 1)).toMatchObject({ ok: false, code: 'SKILL_NOT_READY' });
    expect(promote(life, { hash, override: '   ' }, 1)).toMatchObject({ ok: false });
    expect(promote(life, { hash, override: 'faster all the same' }, 1).ok).toBe(true);
    expect(promote(measured(waiting('a'), { candidate: benefit(3, 3) }), { hash }, 1).ok).toBe(true);
    expect(isHarmful({ ...lifeOf(promote(waiting('a'), { hash }, 1)).active! })).toBe(false);
  });

  it('keeps the version before it as the way back', () => {
    const life = inUse('b', inUse('a'));
    expect(life.active?.hash).toBe(hashOf('b'));
    expect(life.past).toMatchObject([{ hash, state: 'replaced', endedBy: 'newer-version', promotedAt: 2000 }]);
  });

  it('ends strikes of the quarantine, but no violation', () => {
    const life = waiting('a');
    const strike = (security: boolean) => ({ runId: `r${String(security)}`, verdict: 'exception', security, at: 0 });
    const struck = {
      ...life,
      ...(life.candidate && { candidate: { ...life.candidate, strikes: [strike(true), strike(false)] } }),
    } as SkillLife;
    expect(lifeOf(promote(struck, { hash }, 1)).active?.strikes).toMatchObject([{ security: true }]);
  });
});

describe('rejection', () => {
  it('ends the test and says why; the active version stays', () => {
    const life = lifeOf(reject(waiting('b', inUse('a')), { hash: hashOf('b'), reason: 'no', endedBy: 'owner' }, 9));
    expect(life.active?.hash).toBe(hash);
    expect(life.past).toMatchObject([{ hash: hashOf('b'), state: 'rejected', endedBy: 'owner', reason: 'no' }]);
  });

  it('of another version is refused', () => {
    const order = { hash: hashOf('c'), reason: 'no', endedBy: 'owner' } as const;
    expect(reject(waiting('a'), order, 9)).toMatchObject({ ok: false, code: 'SKILL_NOT_READY' });
  });
});

describe('promotion without a code', () => {
  const better = measured(waiting('b', inUse('a')), { active: benefit(3, 2), candidate: benefit(4, 2) });
  const facts = { trustLevel: 5, permissionsGrew: false };

  it('takes a revision that is strictly better, at trust level 5', () => {
    expect(promotesItself(better, facts)).toBe(true);
  });

  it.each([
    ['at a lower trust level', better, { ...facts, trustLevel: 4 }],
    ['with more permissions', better, { ...facts, permissionsGrew: true }],
    ['when it is the first version', measured(waiting('a'), { candidate: benefit(4, 0) }), facts],
    ['when it is as good', measured(better, { candidate: benefit(3, 2) }), facts],
    ['when it is worse', measured(better, { candidate: benefit(2, 2) }), facts],
    ['when nothing was measured', waiting('b', inUse('a')), facts],
    [
      'when the active version was not measured',
      measured(waiting('b', inUse('a')), { candidate: benefit(4, 0) }),
      facts,
    ],
  ])('does not happen %s', (_when, life, given) => {
    expect(promotesItself(life, given)).toBe(false);
  });

  it('takes no gain that is owed to the model alone', () => {
    expect(gainsByItself(better)).toBe(true);
    const worseModel = measured(better, { candidate: { ...benefit(4, 0), model: 'small' } });
    const fewerRight = measured(better, { active: benefit(4, 2), candidate: benefit(3, 0) });
    const unmeasured = waiting('b', inUse('a'));
    expect([worseModel, fewerRight, unmeasured].map(gainsByItself)).toEqual([false, false, false]);
  });

  it('does not happen with a new finding or a strike', () => {
    const { candidate } = better;
    if (candidate === undefined) throw new Error('no candidate');
    expect(promotesItself({ ...better, candidate: { ...candidate, findings: ['eval'] } }, facts)).toBe(false);
    const strikes = [{ runId: 'r', verdict: 'exception', security: false, at: 0 } as const];
    expect(promotesItself({ ...better, candidate: { ...candidate, strikes } }, facts)).toBe(false);
  });
});
