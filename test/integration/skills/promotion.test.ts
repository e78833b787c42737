import { afterEach, describe, expect, it } from 'vitest';

import { createSkillTwins } from '../../support/skill-twins.ts';
import { skillDriver, startServing } from './support.ts';

type Talos = Awaited<ReturnType<typeof startServing>>;

describe('the promotion of a skill', () => {
  let talos: Talos;
  const start = async (options?: Parameters<typeof startServing>[0]): Promise<Talos> =>
    (talos = await startServing(options));
  afterEach(() => talos.close());

  it('of code swapped after the runs is refused, and that version is out', async () => {
    const skill = skillDriver(await start());
    const { hash } = await skill.submit();
    await skill.reaches(hash, 'awaiting-approval');
    talos.skills.skills.tamper(hash);
    await expect(skill.approve(hash)).rejects.toMatchObject({ code: 'SKILL_CHANGED' });
    const life = await skill.life();
    expect(life.active).toBeUndefined();
    expect(life.past[0]).toMatchObject({ hash, state: 'rejected', endedBy: 'changed-files' });
    expect(talos.skills.skills.certificates()).toEqual([]);
  });

  it('of code swapped between the runs is not reached', async () => {
    const skills = createSkillTwins();
    skills.sandbox.follow(async ({ input }) => {
      if (input === 2) for (const hash of hashes) skills.skills.tamper(hash);
      return undefined;
    });
    const hashes: string[] = [];
    const put = skills.skills.put.bind(skills.skills);
    skills.skills.put = async (bundle) => {
      hashes.push(bundle.hash);
      await put(bundle);
    };
    const skill = skillDriver(await start({ skills }));
    const { hash } = await skill.submit();
    expect((await skill.reaches(hash, 'rejected')).past[0]).toMatchObject({ endedBy: 'changed-files' });
  });

  it('by an approval for another hash, too early or for an unknown skill is refused', async () => {
    const skill = skillDriver(await start());
    await expect(skill.approve('a'.repeat(64))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const { hash } = await skill.submit();
    await skill.reaches(hash, 'awaiting-approval');
    await expect(skill.approve('a'.repeat(64))).rejects.toMatchObject({ code: 'SKILL_CHANGED' });
    expect(await skill.stateOf(hash)).toBe('awaiting-approval');
    await skill.approve(hash);
    await expect(skill.approve(hash)).rejects.toMatchObject({ code: 'SKILL_NOT_READY' });
  });

  it('asked for several times at once is one', async () => {
    const skill = skillDriver(await start());
    const { hash } = await skill.submit();
    await skill.reaches(hash, 'awaiting-approval');
    const results = await Promise.allSettled([1, 2, 3].map(() => skill.approve(hash)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const promotions = talos.ports.audited.events().filter(({ details }) => details?.['to'] === 'active');
    expect(promotions).toHaveLength(1);
    expect(talos.skills.skills.certificates()).toHaveLength(1);
  });
});
