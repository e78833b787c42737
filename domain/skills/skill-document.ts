import { z } from 'zod';

import { type BundleFinding, quoted } from './finding.ts';
import { SkillId, type SkillManifest } from './manifest.ts';

/** The file every skill has, by the Agent Skills format. */
export const documentFile = 'SKILL.md';

/** Front matter of `SKILL.md` by the Agent Skills format; fields beyond it are other programs' business. */
export const FrontMatter = z.object({
  name: SkillId,
  description: z
    .string()
    .trim()
    .min(1, 'say what the skill does and when to use it')
    .max(1024, 'use at most 1024 characters'),
  license: z.string().max(500).optional(),
  compatibility: z.string().max(500).optional(),
  metadata: z.record(z.string().max(100), z.string().max(1000)).optional(),
});
export type FrontMatter = z.infer<typeof FrontMatter>;

/** Reads YAML in which every scalar is a text; throws with a reason for what is none. */
export type YamlReader = (text: string) => unknown;

/** Front matter and what is wrong with it; without findings it is there. */
export type DocumentReading = { readonly frontMatter?: FrontMatter; readonly findings: readonly BundleFinding[] };

const example = '"---\\nname: csv-summary\\ndescription: Summarises a CSV. Use it for …\\n---\\n"';

/** Longest front matter that is read, in characters. */
const maxFrontMatter = 16_384;

/** Reads the front matter of a `SKILL.md`. */
export function readDocument(text: string | undefined, readYaml: YamlReader): DocumentReading {
  const wrong = (rule: string): DocumentReading => ({ findings: [{ file: documentFile, rule, example }] });
  if (text === undefined) return wrong('is missing; it says what the skill is for');
  const block = /^---[ \t]*\n([\s\S]*?)\n?---[ \t]*(?:\n|$)/.exec(text.slice(0, maxFrontMatter))?.[1];
  if (block === undefined) return wrong('must begin with front matter between two lines "---"');
  try {
    const result = FrontMatter.safeParse(readYaml(block));
    return result.success
      ? { frontMatter: result.data, findings: [] }
      : { findings: result.error.issues.map(toFinding) };
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : '';
    return wrong(`its front matter is no YAML: ${quoted(reason.split('\n')[0] ?? '')}`);
  }
}

const examples: Readonly<Record<string, string>> = {
  name: 'csv-summary',
  description: '"Summarises a CSV. Use it for …"',
};

function toFinding(issue: z.core.$ZodIssue): BundleFinding {
  const field = issue.path.join('.');
  const fitting = examples[field];
  return {
    file: documentFile,
    ...(field === '' ? {} : { field }),
    rule: issue.message,
    ...(fitting === undefined ? {} : { example: fitting }),
  };
}

/** A `SKILL.md` for a manifest, for who has none yet. JSON strings are YAML strings. */
export function writeDocument({ id, description }: Pick<SkillManifest, 'id' | 'description'>): string {
  return `---\nname: ${id}\ndescription: ${JSON.stringify(description)}\n---\n\n# ${id}\n\n${description}\n`;
}
