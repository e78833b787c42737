import { writeFile } from 'node:fs/promises';

import type { Command } from 'commander';

import { homePaths } from '../../../domain/config/paths.ts';
import { TalosError } from '../../../domain/errors.ts';
import type { CliDeps } from '../../command.ts';
import { createSkillsClient } from '../../skills-client.ts';

const examples = `
The archive follows the Agent Skills format: other agents can read it, and \`talos skills submit\` takes it elsewhere.

Examples:
  talos skills export csv-summary
  talos skills export csv-summary --output /tmp/skill.zip`;

/** `talos skills export`: the version in use as a zip archive, with its certificate. */
export function addSkillExport(skills: Command, deps: CliDeps): void {
  skills
    .command('export')
    .description('write a skill into a zip archive')
    .argument('<id>', 'the name of the skill')
    .option('--output <file>', 'into this file instead of <id>.zip')
    .option('--json', 'print what was written as JSON')
    .addHelpText('after', examples)
    .action(async (id: string, options: { output?: string; json?: true }) => {
      const archive = await createSkillsClient(homePaths(deps.config()).apiSocket).export(id);
      const file = options.output ?? `${id}.zip`;
      await writeFile(file, archive, { flag: 'wx' }).catch((cause: unknown) => {
        throw new TalosError('VALIDATION_FAILED', `${file} cannot be written: ${String(cause)}`, { cause });
      });
      if (options.json === true) deps.output.json({ file, bytes: archive.length });
      else deps.output.line(`${file} (${archive.length} bytes)`);
    });
}
