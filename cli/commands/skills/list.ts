import { type Command, Option } from 'commander';

import { homePaths } from '../../../domain/config/paths.ts';
import { CLEAN_RUNS } from '../../../domain/skills/quarantine.ts';
import { StateFilter } from '../../../domain/skills/view.ts';
import type { CliDeps } from '../../command.ts';
import { formatAge } from '../../format-age.ts';
import { plainLine } from '../../plain-text.ts';
import { createSkillsClient } from '../../skills-client.ts';

const examples = `
Examples:
  talos skills ls
  talos skills ls --state active
  talos skills ls --state quarantine    everything on the way to your decision`;

/** `talos skills ls`: the versions of skills that matter now. */
export function addSkillList(skills: Command, deps: CliDeps): void {
  skills
    .command('ls')
    .description('list skills')
    .addOption(new Option('--state <state>', 'only those in this state').choices(StateFilter.options))
    .option('--json', 'print the list as JSON')
    .addHelpText('after', examples)
    .action(async ({ state, json }: { state?: StateFilter; json?: true }) => {
      const found = await createSkillsClient(homePaths(deps.config()).apiSocket).list(state);
      if (json === true) return deps.output.json(found);
      const { skills: list, unreadable = [] } = found;
      for (const { problem } of unreadable) deps.output.note(plainLine(problem, 500));
      if (list.length === 0) return deps.output.note('There is none. To begin one: talos skills new hello');
      const now = Date.now();
      deps.output.table(
        ['SKILL', 'VERSION', 'HASH', 'STATE', 'RUNS', 'STRIKES', 'FOR', 'WHY'],
        list.map(({ id, version, hash, state: at, runs, strikes, changedAt, reason = '' }) => [
          id,
          plainLine(version, 20),
          hash.slice(0, 12),
          at,
          `${runs}/${CLEAN_RUNS}`,
          String(strikes),
          formatAge(now - changedAt),
          plainLine(reason),
        ]),
      );
    });
}
