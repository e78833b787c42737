import type { SkillPermissions } from './manifest.ts';

/** From which trust level on a permission needs no consent. What no level names is asked for at every level. */
const freeFrom: Readonly<Record<keyof SkillPermissions, number>> = {
  hosts: 2,
  secrets: 3,
  memory: Infinity,
  tools: Infinity,
  folders: Infinity,
};

/**
 * What a call of a skill has to be asked for at a trust level, in words for the owner; empty where it runs freely. A skill without
 * permissions always does: it can reach nothing.
 */
export function asksFor(permissions: SkillPermissions, trustLevel: number): string[] {
  const wanted = wantedOf(permissions);
  return permissionNames.flatMap((name) => (trustLevel < freeFrom[name] ? wanted[name] : []));
}

const permissionNames = ['hosts', 'secrets', 'memory', 'tools', 'folders'] as const;

function wantedOf({
  hosts,
  secrets,
  memory,
  tools,
  folders,
}: SkillPermissions): Readonly<Record<keyof SkillPermissions, string[]>> {
  return {
    hosts: hosts.map((host) => `reach ${host}`),
    secrets: secrets.map(({ name, host }) => `use secret ${name} at ${host}`),
    memory: memory === 'none' ? [] : ['search memories'],
    tools: tools.map((tool) => `call ${tool}`),
    folders: folders.map(({ name, access }) => `${access} folder ${name}`),
  };
}
