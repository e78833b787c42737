import { describe, expect, it } from 'vitest';

import type { SkillRunSummary } from '../../../../domain/skills/run.ts';
import { SkillTrouble, troubleOf } from '../../../../domain/skills/trouble.ts';
import { hashOf } from './build.ts';

const hash = hashOf('a');

type Ending = { readonly blame?: 'environment' | 'skill' | 'input'; readonly of?: string; readonly by?: 'case' };

function run(at: number, state: SkillRunSummary['state'], { blame, of = hash, by }: Ending = {}): SkillRunSummary {
  const facts = { skill: 'mail', key: `k${at}`, inputBy: by ?? 'schedule', inputHash: '', createdAt: at } as const;
  if (state === 'pending') return { ...facts, state };
  const error = { code: 'SKILL_FAILED', message: `exception: failed at ${at}` } as const;
  const result = { state, hash: of, ...(blame && { blame }), error, egress: [], log: '', finishedAt: at };
  return { ...facts, state, result };
}

const down = (at: number) => run(at, 'failed', { blame: 'environment' });

describe('the trouble a skill is in', () => {
  it('is known from the third failure in a row on that is no fault of its own', () => {
    expect(troubleOf(hash, [down(3), down(2)])).toBeUndefined();
    const trouble = troubleOf(hash, [down(4), down(3), down(2), run(1, 'ok'), down(0)]);
    expect(trouble).toEqual({ runs: 3, since: 2, reason: 'exception: failed at 4' });
    expect(SkillTrouble.parse(trouble)).toEqual(trouble);
  });

  it('is over with the first run that goes well', () => {
    expect(troubleOf(hash, [run(5, 'ok'), down(4), down(3), down(2)])).toBeUndefined();
  });

  it('takes no account of what says nothing of it', () => {
    const between = [
      run(9, 'pending'),
      run(8, 'cancelled', { blame: 'environment' }),
      run(7, 'failed', { blame: 'input' }),
      run(6, 'ok', { by: 'case' }),
      run(5, 'ok', { of: hashOf('b') }),
    ];
    expect(troubleOf(hash, [...between, down(3), down(2), down(1)])).toMatchObject({ runs: 3, since: 1 });
    expect(troubleOf(hash, [...between, down(3), down(2)])).toBeUndefined();
  });

  it('is not hidden by faults of its own in between', () => {
    const own = run(4, 'failed', { blame: 'skill' });
    expect(troubleOf(hash, [down(5), own, down(3), down(2)])).toMatchObject({ runs: 3, since: 2 });
  });
});
