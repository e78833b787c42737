import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { type Command, Option } from 'commander';

import { TalosError } from '../../../domain/errors.ts';
import { SkillLanguage } from '../../../domain/skills/manifest.ts';
import { skillTemplate } from '../../../domain/skills/template.ts';
import type { CliDeps } from '../../command.ts';

type NewOptions = { language: SkillLanguage; path?: string; json?: true };

const examples = `
Examples:
  talos skills new hello
  talos skills new hello --language py --path ~/skills`;

/** `talos skills new`: a working skill to change into one's own. */
export function addSkillNew(skills: Command, { output }: CliDeps): void {
  skills
    .command('new')
    .description('make a folder with a small skill that works')
    .argument('<id>', 'its name: lower-case letters and digits, such as csv-summary')
    .addOption(
      new Option('--language <language>', 'what it is written in').choices(SkillLanguage.options).default('js'),
    )
    .option('--path <dir>', 'make the folder in this one')
    .option('--json', 'print what was written as JSON')
    .addHelpText('after', examples)
    .action(async (id: string, { language, path, json }: NewOptions) => {
      const files = skillTemplate(id, language);
      const folder = path === undefined ? id : join(path, id);
      await mkdir(dirname(folder), { recursive: true });
      await mkdir(folder).catch((cause: unknown) => {
        throw new TalosError('VALIDATION_FAILED', `${folder} cannot be made: ${String(cause)}`, { cause });
      });
      for (const [name, text] of Object.entries(files)) {
        await mkdir(dirname(join(folder, name)), { recursive: true });
        await writeFile(join(folder, name), text, { flag: 'wx' });
      }
      if (json === true) return output.json({ folder, files: Object.keys(files) });
      output.line(
        `${folder} is a skill that works. Change its code, its cases in evals/evals.json, and skill.json; then:`,
      );
      output.line(`  talos skills test ${folder}      run its cases in the sandbox`);
      output.line(`  talos skills submit ${folder}    hand it in for three test runs and your approval`);
    });
}
