import type { Command } from 'commander';

import { homePaths } from '../../../domain/config/paths.ts';
import type { CliDeps } from '../../command.ts';
import { readSkillFrom } from '../../skill-source.ts';
import { createSkillsClient } from '../../skills-client.ts';

const examples = `
The skill goes into quarantine: three clean runs on different cases, then your approval. The same files again are the same version.

Examples:
  talos skills submit hello
  talos skills submit hello.zip
  talos skills submit https://example.org/csv-summary.git`;

/** `talos skills submit`, and `import`, which is the same. */
export function addSkillSubmit(skills: Command, deps: CliDeps): void {
  skills
    .command('submit')
    .alias('import')
    .description('hand in a skill; it is tested before you approve it')
    .argument('<source>', 'a folder, an archive (.zip, .tar.gz), or the https:// or ssh:// address of a repository')
    .option('--json', 'print what became of it as JSON')
    .addHelpText('after', examples)
    .action(async (source: string, options: { json?: true }) => {
      const { files } = await readSkillFrom(source, deps);
      const submission = await createSkillsClient(homePaths(deps.config()).apiSocket).submit(files);
      if (options.json === true) return deps.output.json(submission);
      const { id, version, hash, state } = submission;
      deps.output.line(`Skill ${id} ${version} (${hash.slice(0, 12)}) is ${state}.`);
      if (state === 'rejected' || state === 'deprecated') {
        deps.output.note(`It was known before. To test it again: talos skills restore ${id} ${hash} --reason "..."`);
      } else deps.output.note(`Watch it with: talos skills show ${id} --follow`);
    });
}
