import type { Config } from '../../domain/config/parse.ts';
import type { Sandbox } from '../../domain/skills/ports.ts';
import type { ProofMemory } from './proof-memory.ts';
import { createSandbox } from './sandbox.ts';

/** The sandbox the configuration names. Only its own driver is loaded: a command should not wait for the other one. */
export async function createConfiguredSandbox(
  { skills }: Pick<Config, 'skills'>,
  memory?: ProofMemory,
): Promise<Sandbox> {
  const longestMs = skills.sandboxTimeoutSeconds * 1000;
  const options = { longestMs, ...(memory !== undefined && { memory }) };
  if (skills.sandboxDriver === 'docker') {
    const { createDockerDriver } = await import('./docker.ts');
    return createSandbox(createDockerDriver(skills.socketProxyUrl), options);
  }
  const { createBubblewrapDriver } = await import('./bubblewrap.ts');
  return createSandbox(createBubblewrapDriver(), options);
}
