import type { BundleFiles } from './bundle.ts';
import type { SkillId, SkillLanguage } from './manifest.ts';
import { casesFile, manifestFile } from './read-manifest.ts';
import { documentFile, writeDocument } from './skill-document.ts';
import { checkSkillId } from './skill-name.ts';

const description =
  'Counts the words of a text and finds the longest one. Use it when a person asks how long a text is.';

const javaScript = `/** Counts words. \`ctx\` has log, fetch, memory, tool and folder; skill.json says which of them may be used. */
export default async (input, ctx) => {
  const words = input.text.split(/\\s+/).filter((word) => word !== '');
  ctx.log('words found:', words.length);
  const longest = words.reduce((best, word) => (word.length > best.length ? word : best), '');
  return { words: words.length, longest };
};
`;

const typeScript = `type Input = { readonly text: string };
type Output = { readonly words: number; readonly longest: string };
type Context = { log(...values: unknown[]): void };

/** Counts words. The context also has fetch, memory, tool and folder; skill.json says which of them may be used. */
export default async (input: Input, ctx: Context): Promise<Output> => {
  const words = input.text.split(/\\s+/).filter((word) => word !== '');
  ctx.log('words found:', words.length);
  const longest = words.reduce((best, word) => (word.length > best.length ? word : best), '');
  return { words: words.length, longest };
};
`;

const python = `def main(input, ctx):
    """Counts words. ctx has log, fetch, memory, tool and folder; skill.json says which of them may be used."""
    words = input["text"].split()
    ctx.log("words found:", len(words))
    longest = max(words, key=len, default="")
    return {"words": len(words), "longest": longest}
`;

const code: Readonly<Record<SkillLanguage, string>> = { js: javaScript, ts: typeScript, py: python };

/** The files of a new skill that works as it is; fails with VALIDATION_FAILED for a name no skill can have. */
export function skillTemplate(id: string, language: SkillLanguage): BundleFiles {
  const name = checkSkillId(id);
  const entry = `scripts/main.${language}`;
  return {
    [documentFile]: writeDocument({ id: name, description }),
    [manifestFile]: toText(manifestOf(name, language, entry)),
    [entry]: code[language],
    [casesFile]: toText({ skill_name: name, evals: cases }),
  };
}

function manifestOf(id: SkillId, language: SkillLanguage, entry: string): object {
  return {
    id,
    version: '0.1.0',
    description,
    language,
    entry,
    input: objectSchema({ text: { type: 'string', maxLength: 100_000 } }),
    output: objectSchema({ words: { type: 'integer', minimum: 0 }, longest: { type: 'string' } }),
    permissions: { hosts: [], memory: 'none' },
    limits: { timeoutMs: 5000, memoryMiB: 128, outputBytes: 65_536 },
  };
}

function objectSchema(properties: Readonly<Record<string, object>>): object {
  return { type: 'object', properties, required: Object.keys(properties), additionalProperties: false };
}

const cases = [
  {
    id: 'plain-sentence',
    prompt: 'How many words are in "the quick brown fox", and which is the longest?',
    input: { text: 'the quick brown fox' },
    expected: { words: 4, longest: 'quick' },
  },
  {
    id: 'empty-text',
    prompt: 'How many words has an empty text?',
    input: { text: '' },
    expected: { words: 0, longest: '' },
  },
  {
    id: 'many-spaces',
    prompt: 'How many words are in "  one   three  " if spaces do not count?',
    input: { text: '  one \n  three  ' },
    assertions: [
      { kind: 'equals', path: '/words', value: 2 },
      { kind: 'matches', path: '/longest', pattern: '^thr' },
    ],
  },
  {
    id: 'other-scripts',
    prompt: 'How many words has "Grüße aus Łódź"?',
    input: { text: 'Grüße aus Łódź' },
    expected: { words: 3, longest: 'Grüße' },
  },
];

function toText(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
