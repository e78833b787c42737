import type { Command } from 'commander';

import { homePaths } from '../../../domain/config/paths.ts';
import { TalosError } from '../../../domain/errors.ts';
import type { SkillLife } from '../../../domain/skills/life.ts';
import type { BundleHash } from '../../../domain/skills/manifest.ts';
import type { CliDeps } from '../../command.ts';
import { createSkillsClient } from '../../skills-client.ts';

type DecideOptions = { reason: string; json?: true };

/** `talos skills reject`, `deprecate` and `restore`. */
export function addSkillDecisions(skills: Command, deps: CliDeps): void {
  const client = () => createSkillsClient(homePaths(deps.config()).apiSocket);
  const tell = (life: SkillLife, options: DecideOptions, done: string): void => {
    if (options.json === true) deps.output.json(life);
    else deps.output.line(done);
  };
  skills
    .command('reject')
    .description('end the test of the version in quarantine')
    .argument('<id>', 'the name of the skill')
    .requiredOption('--reason <text>', 'why; it is kept with the skill')
    .option('--json', 'print where the skill stands then as JSON')
    .addHelpText('after', '\nExamples:\n  talos skills reject hello --reason "asks for too much"')
    .action(async (id: string, options: DecideOptions) => {
      tell(await client().reject(id, options.reason), options, `The version of ${id} under test is rejected.`);
    });
  skills
    .command('deprecate')
    .description('take a skill out of use')
    .argument('<id>', 'the name of the skill')
    .requiredOption('--reason <text>', 'why; it is kept with the skill')
    .option('--json', 'print where the skill stands then as JSON')
    .addHelpText('after', '\nExamples:\n  talos skills deprecate hello --reason "no longer needed"')
    .action(async (id: string, options: DecideOptions) => {
      tell(await client().deprecate(id, options.reason), options, `Skill ${id} is deprecated.`);
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

function formerVersion({ id, past }: SkillLife, start: string | undefined): BundleHash {
  const [found, other] = start === undefined ? past.slice(0, 1) : past.filter(({ hash }) => hash.startsWith(start));
  if (found !== undefined && other === undefined) return found.hash;
  const known = past.map(({ hash, version, state }) => `${hash.slice(0, 12)} (${version}, ${state})`).join(', ');
  throw new TalosError('NOT_FOUND', `Say which former version of ${id} by its hash: ${known || 'there is none'}.`);
}
