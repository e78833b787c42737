import type { Benefit } from '../domain/skills/certificate.ts';
import type { BundleHash, SkillId } from '../domain/skills/manifest.ts';
import { gpu, sandbox } from './proxies.ts';

/** Runs the cases of a version by the model alone and with the skill; null where there is nothing to compare with. */
export async function measureBenefit(
  version: { readonly id: SkillId; readonly hash: BundleHash },
  queueWaitSeconds: number,
): Promise<Benefit | null> {
  const alone = await gpu(queueWaitSeconds).answerCases(version);
  if (alone === null) return null;
  const { runCases } = sandbox({ priority: 3, waitSeconds: queueWaitSeconds });
  const { passed, cases } = await runCases(version);
  return { cases, withSkill: passed, withoutSkill: alone.passed, model: alone.model };
}
