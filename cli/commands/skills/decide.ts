import type { Command } from 'commander';

import { homePaths } from '../../../domain/config/paths.ts';
import { TalosError } from '../../../domain/errors.ts';
import type { SkillLife, SkillVersion } from '../../../domain/skills/life.ts';
import type { BundleHash } from '../../../domain/skills/manifest.ts';
import type { CliDeps } from '../../command.ts';
import { plainLine } from '../../plain-text.ts';
import { createSkillsClient, type SkillsClient } from '../../skills-client.ts';

type DecideOptions = { reason: string; json?: true };

type LookedAt = { readonly id: string; readonly start: string | undefined; readonly as: 'active' | 'candidate' };

/** `talos skills reject`, `deprecate` and `restore`. */
export function addSkillDecisions(skills: Command, deps: CliDeps): void {
  const client = () => createSkillsClient(homePaths(deps.config()).apiSocket);
  const tell = (life: SkillLife, options: Pick<DecideOptions, 'json'>, done: string): void => {
    if (options.json === true) deps.output.json(life);
    else deps.output.line(done);
  };
  skills
    .command('reject')
    .description('end the test of the version in quarantine')
    .argument('<id>', 'the name of the skill')
    .argument('[hash]', 'the version that was looked at, by the beginning of its hash; another one is left alone')
    .requiredOption('--reason <text>', 'why; it is kept with the skill')
    .option('--json', 'print where the skill stands then as JSON')
    .addHelpText('after', '\nExamples:\n  talos skills reject hello --reason "asks for too much"')
    .action(async (id: string, start: string | undefined, { reason, ...options }: DecideOptions) => {
      const wish = { reason, ...(await lookedAt(client(), { id, start, as: 'candidate' })) };
      const life = await client().reject(id, wish);
      tell(life, options, `${endedVersion(life)}, which was under test, is rejected.`);
    });
  skills
    .command('deprecate')
    .description('take a skill out of use')
    .argument('<id>', 'the name of the skill')
    .argument('[hash]', 'the version that was looked at, by the beginning of its hash; another one is left alone')
    .requiredOption('--reason <text>', 'why; it is kept with the skill')
    .option('--json', 'print where the skill stands then as JSON')
    .addHelpText('after', '\nExamples:\n  talos skills deprecate hello --reason "no longer needed"')
    .action(async (id: string, start: string | undefined, { reason, ...options }: DecideOptions) => {
      const wish = { reason, ...(await lookedAt(client(), { id, start, as: 'active' })) };
      const life = await client().deprecate(id, wish);
      tell(life, options, `${endedVersion(life)}, which was in use, is deprecated.`);
    });
  skills
    .command('restore')
    .description('put a former version into quarantine again')
    .argument('<id>', 'the name of the skill')
    .argument('[hash]', 'the version, by the beginning of its hash; the last one when left out')
    .requiredOption('--reason <text>', 'why; it is kept with the skill')
    .option('--json', 'print where the skill stands then as JSON')
    .addHelpText('after', '\nExamples:\n  talos skills restore hello --reason "the service is back"')
    .action(async (id: string, hash: string | undefined, options: DecideOptions) => {
      const { life } = await client().view(id);
      const restored = await client().restore(id, formerVersion(life, hash), options.reason);
      tell(restored, options, `Skill ${id} is tested again; watch it with: talos skills show ${id} --follow`);
    });
}

/** The whole hash of the version the owner means; nothing where any will do. Fails with SKILL_CHANGED for one that is not there now. */
async function lookedAt(client: SkillsClient, { id, start, as }: LookedAt): Promise<{ hash?: BundleHash }> {
  if (start === undefined) return {};
  const { life } = await client.view(id);
  const version = life[as];
  if (version?.hash.startsWith(start) === true) return { hash: version.hash };
  const now = version === undefined ? 'no version' : `version ${shown(version)}`;
  const place = as === 'active' ? 'in use' : 'under test';
  throw new TalosError('SKILL_CHANGED', `Skill ${id} has ${now} ${place}; nothing was changed.`);
}

/** The version that was ended last. */
function endedVersion({ id, past: [last] }: SkillLife): string {
  return last === undefined ? `Skill ${id}` : `Version ${shown(last)} of ${id}`;
}

function shown({ version, hash }: SkillVersion): string {
  return `${plainLine(version, 20)} (${hash.slice(0, 12)})`;
}

function formerVersion({ id, past }: SkillLife, start: string | undefined): BundleHash {
  const [found, other] = start === undefined ? past.slice(0, 1) : past.filter(({ hash }) => hash.startsWith(start));
  if (found !== undefined && other === undefined) return found.hash;
  const known = past.map(({ hash, version, state }) => `${hash.slice(0, 12)} (${version}, ${state})`).join(', ');
  throw new TalosError('NOT_FOUND', `Say which former version of ${id} by its hash: ${known || 'there is none'}.`);
}
