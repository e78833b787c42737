import { afterEach, describe, expect, inject, it } from 'vitest';

import { TalosError } from '../../../domain/errors.ts';
import { createSkillTwins, type SkillTwins } from '../../support/skill-twins.ts';
import { startTalos } from '../../support/talos.ts';
import { skillDriver } from './support.ts';

describe('a version before the owner', () => {
  let talos: Awaited<ReturnType<typeof startTalos>>;
  async function start(options: { skills: SkillTwins }) {
    talos = await startTalos(inject('stack'), options);
    await Promise.all((['core', 'gpu', 'sandbox'] as const).map((role) => talos.serve(role)));
    return talos;
  }
  afterEach(() => talos.close());

  it('that could not be measured while the GPU was busy waits for the owner, and is measured once it can be', async () => {
    let isBusy = true;
    let asked = 0;
    const skills = createSkillTwins({
      answerAlone: async () => {
        asked += 1;
        if (isBusy) throw new TalosError('MODEL_REFUSED', 'The model does not fit beside the other one.');
        return { passed: 4, model: 'm' };
      },
    });
    let runs = 0;
    skills.sandbox.follow(async () => {
      runs += 1;
      return runs > 3 ? { verdict: 'exception' } : undefined;
    });
    const skill = skillDriver(await start({ skills }));
    const { hash } = await skill.submit();
    const life = await skill.reaches(hash, 'awaiting-approval');
    expect(life.candidate?.benefit).toBeUndefined();
    await expect.poll(() => asked, { timeout: 20_000 }).toBeGreaterThan(2);
    isBusy = false;
    const benefit = async () => (await skill.life()).candidate?.benefit;
    await expect.poll(benefit, { timeout: 20_000 }).toEqual({ cases: 4, withSkill: 0, withoutSkill: 4, model: 'm' });
    const tries = asked;
    await expect(skill.approve(hash)).rejects.toMatchObject({ code: 'SKILL_NOT_READY' });
    await skill.approve(hash, 'it is cheaper');
    expect(asked).toBe(tries);
  });

  it('that could not be measured is promoted, rejected and replaced as it stands', async () => {
    const failing = () => Promise.reject(new TalosError('MODEL_REFUSED', 'no'));
    const skill = skillDriver(await start({ skills: createSkillTwins({ answerAlone: failing }) }));
    const first = await skill.activate({ code: 'v1' });
    const second = await skill.submit({ code: 'v2' });
    await skill.reaches(second.hash, 'awaiting-approval');
    await talos.skillRuntime.reject({ id: skill.id, hash: second.hash, by: 'owner', reason: 'no' });
    const third = await skill.submit({ code: 'v3' });
    await skill.reaches(third.hash, 'awaiting-approval');
    const fourth = await skill.activate({ code: 'v4' });
    expect((await skill.life()).active?.hash).toBe(fourth.hash);
    const states = await Promise.all([first, second, third].map(({ hash }) => skill.stateOf(hash)));
    expect(states).toEqual(['replaced', 'rejected', 'replaced']);
  });
});
