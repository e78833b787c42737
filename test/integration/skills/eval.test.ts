import { afterEach, describe, expect, inject, it } from 'vitest';

import { TalosError } from '../../../domain/errors.ts';
import { createSkillTwins } from '../../support/skill-twins.ts';
import { startTalos } from '../../support/talos.ts';
import { skillDriver } from './support.ts';

describe('measuring whether a skill helps', () => {
  let talos: Awaited<ReturnType<typeof startTalos>>;
  afterEach(() => talos.close());

  async function start(answerAlone: () => Promise<{ passed: number; model: string } | undefined>) {
    talos = await startTalos(inject('stack'), { skills: createSkillTwins({ answerAlone }) });
    await Promise.all((['core', 'gpu', 'sandbox'] as const).map((role) => talos.serve(role)));
    const skill = skillDriver(talos);
    const { hash } = await skill.submit();
    await skill.reaches(hash, 'awaiting-approval');
    return { skill, order: { id: skill.id, hash, key: 'k' } };
  }

  it('tells what the skill and the model alone got right, and the same key measures once', async () => {
    let asked = 0;
    const { skill, order } = await start(async () => {
      asked += 1;
      return { passed: 1, model: 'talos-test' };
    });
    const before = await skill.life();
    const askedBefore = asked;
    const signal = AbortSignal.timeout(20_000);
    const measured = { state: 'measured', benefit: { cases: 4, withSkill: 4, withoutSkill: 1, model: 'talos-test' } };
    expect(await talos.skillRuntime.measure(order, signal)).toEqual(measured);
    expect(await talos.skillRuntime.measure(order, signal)).toEqual(measured);
    expect(asked).toBe(askedBefore + 1);
    expect(await skill.life()).toEqual(before);
  });

  it('never tells what was measured of one version for another, though the key is the same', async () => {
    const { skill, order } = await start(async () => ({ passed: 1, model: 'talos-test' }));
    const signal = AbortSignal.timeout(20_000);
    expect(await talos.skillRuntime.measure(order, signal)).toMatchObject({ benefit: { cases: 4 } });
    const { hash } = await skill.submit({ cases: 3 });
    expect(await talos.skillRuntime.measure({ ...order, hash }, signal)).toMatchObject({ benefit: { cases: 3 } });
  });

  it('tells nothing where there is nothing to compare with, and goes on when nobody waits', async () => {
    const { order } = await start(async () => undefined);
    expect(await talos.skillRuntime.measure(order, AbortSignal.timeout(20_000))).toEqual({ state: 'measured' });
    const other = { ...order, key: 'other' };
    expect(await talos.skillRuntime.measure(other, AbortSignal.abort())).toEqual({ state: 'pending' });
    expect(await talos.skillRuntime.measure(other, AbortSignal.timeout(20_000))).toEqual({ state: 'measured' });
  });

  it('fails as its steps do', async () => {
    const { order } = await start(() => Promise.reject(new TalosError('MODEL_REFUSED', 'The model refused.')));
    await expect(talos.skillRuntime.measure(order, AbortSignal.timeout(20_000))).rejects.toMatchObject({
      code: 'MODEL_REFUSED',
    });
  });
});
