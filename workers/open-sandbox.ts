import type { AuditLog } from '../domain/ports.ts';
import type { Sandbox } from '../domain/skills/ports.ts';
import { proveSandbox } from './prove-sandbox.ts';
import { retestSkills } from './retest-skills.ts';
import { skillGround } from './skill-ground.ts';

type Deps = Parameters<typeof retestSkills>[0] & {
  readonly sandbox: Sandbox;
  readonly audit: AuditLog;
  /** Of Talos. */
  readonly release: string;
};

/**
 * Puts the sandbox of this process to the test, then has tested again what failed on another ground. Only who runs skills knows what they
 * run on, and only once a sandbox holds. Never fails.
 */
export async function openSandbox(deps: Deps): Promise<void> {
  const { sandbox, release } = deps;
  const state = await proveSandbox(sandbox, deps);
  if (!state.isProven) return;
  const { proof } = state;
  await retestSkills(deps, () => skillGround({ sandbox, proof, release }));
}
