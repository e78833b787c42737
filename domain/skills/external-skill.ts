import type { BundleFiles } from './bundle.ts';
import { checkFiles, normaliseFiles } from './bundle-files.ts';
import { type BundleFinding, findingText, invalidSkill } from './finding.ts';
import { type BundleTools, checkBundle } from './read-bundle.ts';
import type { SkillBundle } from './bundle.ts';
import { casesFile, manifestFile } from './read-manifest.ts';
import { documentFile, type FrontMatter, readDocument } from './skill-document.ts';

/** A skill by the Agent Skills format: one Talos can run, or instructions with what they lack to be run. */
export type ReadSkill =
  | { readonly kind: 'runnable'; readonly bundle: SkillBundle }
  | {
      readonly kind: 'instructions';
      readonly files: BundleFiles;
      readonly frontMatter: FrontMatter;
      /** What has to be added, as sentences. */
      readonly lacks: readonly string[];
    };

/**
 * Reads a skill of whatever origin. One without `skill.json` is read as far as it goes; one that has it but breaks a rule fails with
 * SKILL_INVALID, as does one whose `SKILL.md` is not valid.
 */
export function readSkill(given: BundleFiles, tools: BundleTools): ReadSkill {
  if (Object.hasOwn(given, manifestFile)) {
    const reading = checkBundle(given, tools);
    if (!reading.ok) throw invalidSkill(reading.findings);
    return { kind: 'runnable', bundle: reading.bundle };
  }
  const files = normaliseFiles(given);
  const { frontMatter, findings } = readDocument(files[documentFile], tools.readYaml);
  const all: BundleFinding[] = [...checkFiles(files, tools.maxBytes), ...findings];
  if (all.length > 0 || frontMatter === undefined) throw invalidSkill(all);
  return { kind: 'instructions', files, frontMatter, lacks: lacking(files, frontMatter.name) };
}

function lacking(files: BundleFiles, name: string): string[] {
  const wanted: BundleFinding[] = [
    {
      file: manifestFile,
      rule: 'is missing; it names language, entry, the schemas of input and output, and permissions',
      example: `{"id": "${name}", "version": "1.0.0", "language": "js", "entry": "scripts/main.js", …}`,
    },
  ];
  if (!Object.hasOwn(files, casesFile)) {
    wanted.push({
      file: casesFile,
      rule: 'is missing; it holds at least three cases with inputs and expected outputs',
      example: `{"skill_name": "${name}", "evals": […]}`,
    });
  }
  if (!Object.keys(files).some((path) => /\.(?:[cm]?[jt]s|py)$/.test(path))) {
    wanted.push({
      file: 'the bundle',
      rule: 'has no code; Talos runs a function in a .js, .ts or .py file',
      example: 'scripts/main.js',
    });
  }
  return wanted.map(findingText);
}
