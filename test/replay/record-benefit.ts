import { setTimeout } from 'node:timers/promises';

import { TalosError } from '../../domain/errors.ts';
import { skillLifeWorkflowId } from '../../workflows/messages.ts';
import { skillDriver } from '../integration/skills/support.ts';
import { createSkillTwins } from '../support/skill-twins.ts';
import { startTalos } from '../support/talos.ts';

type Record = (name: string, workflowId: string) => Promise<void>;

/** Records a version that was before the owner when it could be measured at last how much it helps. */
export async function recordBenefit(stack: Parameters<typeof startTalos>[0], record: Record): Promise<void> {
  let asked = 0;
  const answerAlone = async () => {
    asked += 1;
    if (asked < 3) throw new TalosError('MODEL_REFUSED', 'recording');
    return { passed: 1, model: 'm' };
  };
  const talos = await startTalos(stack, { skills: createSkillTwins({ answerAlone }) });
  await Promise.all((['core', 'gpu', 'sandbox'] as const).map((role) => talos.serve(role)));
  const skill = skillDriver(talos);
  const { hash } = await skill.submit();
  await skill.reaches(hash, 'awaiting-approval');
  while ((await skill.life()).candidate?.benefit === undefined) await setTimeout(20);
  await skill.approve(hash);
  await record('skill-life-measured-later', skillLifeWorkflowId(skill.id));
  await talos.close();
}
