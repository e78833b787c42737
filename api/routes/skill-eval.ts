import { z } from 'zod';

import { TalosError } from '../../domain/errors.ts';
import { refuseWhenLocked } from '../../domain/lockdown/refuse.ts';
import { Benefit } from '../../domain/skills/certificate.ts';
import { BundleHash, SkillId } from '../../domain/skills/manifest.ts';
import { RunKey } from '../../domain/skills/run.ts';
import type { ApiDeps } from '../deps.ts';
import { parseInput } from '../problem.ts';
import { problems, type Route } from '../route.ts';
import { createSkills } from '../skills.ts';
import { whileWaiting } from '../while-waiting.ts';
import { skillIn, SkillPath } from './skills.ts';

const EvalReply = z
  .strictObject({
    skill: SkillId,
    hash: BundleHash,
    state: z.enum(['pending', 'measured']),
    benefit: Benefit.optional().meta({ description: 'Absent where there is no model or no prompt to compare with' }),
  })
  .meta({ id: 'SkillEvalReply' });

const reply = { content: { 'application/json': { schema: EvalReply } } };

const operation: Route['operation'] = {
  operationId: 'evalSkill',
  summary: 'Run the cases with the skill and by the model alone: does it help?',
  description:
    'Measures the version under test, or else the active one, and changes nothing. Ask again with the same Idempotency-Key while it goes on.',
  requestParams: { path: SkillPath, header: z.object({ 'Idempotency-Key': RunKey.optional() }) },
  responses: {
    200: { description: 'What was measured', ...reply },
    202: { description: 'It goes on', ...reply },
    ...problems(
      'VALIDATION_FAILED',
      'NOT_FOUND',
      'SKILL_NOT_READY',
      'SKILL_CHANGED',
      'LOCKDOWN',
      'SANDBOX_UNAVAILABLE',
      'GPU_BUSY',
      'MODEL_UNAVAILABLE',
      'STORE_UNAVAILABLE',
      'RUNTIME_UNAVAILABLE',
    ),
  },
};

/** `POST /skills/{id}/eval`. */
export function skillEvalRoutes(deps: ApiDeps): Route[] {
  const skills = createSkills(deps);
  return [
    {
      method: 'post',
      path: '/skills/:id/eval',
      operation,
      async handle(request, response) {
        const id = skillIn(request);
        const key = parseInput(RunKey.optional(), request.get('idempotency-key'), 'Idempotency-Key') ?? deps.newKey();
        await refuseWhenLocked(deps.lockdown);
        const { candidate, active } = await skills.life(id);
        const hash = (candidate ?? active)?.hash;
        if (hash === undefined) {
          throw new TalosError('SKILL_NOT_READY', `Skill ${id} has no version in use or under test to measure.`);
        }
        const measured = await whileWaiting(request, deps.config.web.waitSeconds * 1000, (signal) =>
          deps.skillRuntime.measure({ id, hash, key }, signal),
        );
        response.status(measured.state === 'pending' ? 202 : 200).json({ skill: id, hash, ...measured });
      },
    },
  ];
}
