import type { SkillRunRef } from '../domain/skills/run.ts';
import { local } from './proxies.ts';

/** Settles a run whose workflow was ended from outside: it has told nobody. */
export async function settleStoppedRun(ref: SkillRunRef): Promise<void> {
  const error = {
    code: 'RUN_STOPPED',
    message: 'The run was ended from outside before it had come to anything.',
  } as const;
  await local.settleSkillRun(ref, { state: 'cancelled', blame: 'environment', error });
}
