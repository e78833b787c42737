import type { Benefit } from '../domain/skills/certificate.ts';
import { measureBenefit } from './measure-benefit.ts';
import type { SkillEvalInput } from './messages.ts';

/** Measures how much one version of a skill helps, for the owner who asked. Changes nothing in its life. */
export async function skillEval({ id, hash, queueWaitSeconds }: SkillEvalInput): Promise<Benefit | null> {
  return measureBenefit({ id, hash }, queueWaitSeconds);
}
