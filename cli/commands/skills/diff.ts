import type { Command } from 'commander';

import { homePaths } from '../../../domain/config/paths.ts';
import { TalosError } from '../../../domain/errors.ts';
import type { CliDeps } from '../../command.ts';
import { plainLine, plainText } from '../../plain-text.ts';
import { createSkillsClient } from '../../skills-client.ts';

const examples = `
Examples:
  talos skills diff csv-summary
  talos skills diff csv-summary --json`;

/** `talos skills diff`: what the version under test changes. */
export function addSkillDiff(skills: Command, deps: CliDeps): void {
  skills
    .command('diff')
    .description('compare the version under test with the one in use')
    .argument('<id>', 'the name of the skill')
    .option('--json', 'print the differences as JSON')
    .addHelpText('after', examples)
    .action(async (id: string, options: { json?: true }) => {
      const { diff, problem } = await createSkillsClient(homePaths(deps.config()).apiSocket).view(id);
      if (problem !== undefined) throw new TalosError(problem.code, plainLine(problem.message, 800));
      if (diff === undefined) throw new TalosError('SKILL_NOT_READY', `Skill ${id} has no version under test.`);
      if (options.json === true) return deps.output.json(diff);
      if (diff.from === undefined) deps.output.line('There is no version in use; everything is new.');
      if (diff.grew) deps.output.line('IT MAY DO MORE THAN THE VERSION IN USE.');
      for (const change of diff.manifest) deps.output.line(`  ${plainLine(change, 300)}`);
      for (const { patch } of diff.files) deps.output.line(`\n${plainText(patch).trimEnd()}`);
    });
}
