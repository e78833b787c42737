import { canonicalJson } from '../canonical-json.ts';
import { quoted } from './finding.ts';
import type { SkillManifest, SkillPermissions } from './manifest.ts';

/** How two manifests of one skill differ. */
export type ManifestDiff = {
  /** One sentence for each difference, permissions first. */
  readonly changes: readonly string[];
  /** Whether the newer one may do or use anything the older one may not. */
  readonly grew: boolean;
};

/** Compares what two versions are, take, give and may do. Without an older one everything the newer one asks for is new. */
export function diffManifests(before: SkillManifest | undefined, after: SkillManifest): ManifestDiff {
  const had = new Set(before === undefined ? [] : grants(before.permissions));
  const has = new Set(grants(after.permissions));
  const gained = [...has].filter((grant) => !had.has(grant));
  const lost = [...had].filter((grant) => !has.has(grant));
  const limits = before === undefined ? { changes: [], grew: false } : diffLimits(before, after);
  return {
    changes: [
      ...gained.map((grant) => `It may now ${grant}.`),
      ...lost.map((grant) => `It may no longer ${grant}.`),
      ...limits.changes,
      ...(before === undefined ? [] : diffFields(before, after)),
    ],
    grew: gained.length > 0 || limits.grew,
  };
}

/** Every permission as what it lets the skill do. Writing to a folder includes reading it. */
export function grants(permissions: SkillPermissions): string[] {
  return [
    ...permissions.hosts.map((host) => `send requests to ${host}`),
    ...permissions.secrets.map(
      ({ name, host, header }) => `have the secret ${name} sent to ${host} as ${header.toLowerCase()}`,
    ),
    ...(permissions.memory === 'read' ? ['search memories'] : []),
    ...permissions.tools.map((tool) => `call the tool ${tool}`),
    ...permissions.folders.map(({ name }) => `read the folder ${name}`),
    ...permissions.folders.filter(({ access }) => access === 'write').map(({ name }) => `change the folder ${name}`),
  ];
}

const limitNames = { timeoutMs: 'ms of time', memoryMiB: 'MiB of memory', outputBytes: 'bytes of output' } as const;

function diffLimits(before: SkillManifest, after: SkillManifest): ManifestDiff {
  const changes: string[] = [];
  let grew = false;
  for (const limit of ['timeoutMs', 'memoryMiB', 'outputBytes'] as const) {
    const [old, now] = [before.limits[limit], after.limits[limit]];
    if (old === now) continue;
    changes.push(`It may use ${now} ${limitNames[limit]} instead of ${old}.`);
    grew ||= now > old;
  }
  return { changes, grew };
}

function diffFields(before: SkillManifest, after: SkillManifest): string[] {
  const words = (['version', 'language', 'entry', 'description'] as const)
    .filter((field) => before[field] !== after[field])
    .map((field) => `Its ${field} is ${quoted(after[field])} instead of ${quoted(before[field])}.`);
  const schemas = (['input', 'output'] as const)
    .filter((field) => canonicalJson(before[field]) !== canonicalJson(after[field]))
    .map((field) => `The schema of its ${field} changed.`);
  return [...words, ...schemas];
}
