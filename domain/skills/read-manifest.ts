import type { z } from 'zod';

import { canonicalJson } from '../canonical-json.ts';
import type { JsonObject, JsonValue } from '../json.ts';
import { parseJsonText } from '../json-text.ts';
import type { BundleFiles } from './bundle.ts';
import { caseCount, type EvalCase, SkillEvals } from './cases.ts';
import { checkReplies } from './case-replies.ts';
import { type BundleFinding, quoted } from './finding.ts';
import { SkillManifest } from './manifest.ts';
import { schemaProblems } from './schema-limits.ts';

/** What is wrong with a value by a JSON Schema, as sentences; throws when the schema itself cannot be used. */
export type CheckValue = (schema: JsonObject, value: JsonValue) => readonly string[];

/** What a skill is, for programs. */
export const manifestFile = 'skill.json';

/** What a skill is tested with. */
export const casesFile = 'evals/evals.json';

/** Deepest nesting of the JSON in a bundle. */
const maxDepth = 64;

type ManifestReading = { readonly manifest?: SkillManifest; readonly findings: readonly BundleFinding[] };
type CasesReading = { readonly cases: readonly EvalCase[]; readonly findings: readonly BundleFinding[] };

/** Reads `skill.json`; the manifest is there when it follows its schema, even if the findings say more. */
export function readManifest(files: BundleFiles, checkValue: CheckValue): ManifestReading {
  const json = readJson(files, manifestFile);
  if ('findings' in json) return json;
  const result = SkillManifest.safeParse(json.value);
  if (!result.success) return { findings: issuesOf(result.error, manifestFile, manifestExamples) };
  const manifest = result.data;
  return {
    manifest,
    findings: [...checkEntry(manifest, files), ...checkSchemas(manifest, checkValue), ...checkSecrets(manifest)],
  };
}

/** Reads `evals/evals.json`; with a manifest also whether inputs and expected outputs follow its schemas. */
export function readCases(
  files: BundleFiles,
  manifest: SkillManifest | undefined,
  checkValue: CheckValue,
): CasesReading {
  const json = readJson(files, casesFile);
  if ('findings' in json) return { cases: [], findings: json.findings };
  const result = SkillEvals.safeParse(json.value);
  if (!result.success) return { cases: [], findings: issuesOf(result.error, casesFile, caseExamples) };
  const { skill_name: name, evals: cases } = result.data;
  const findings = [
    ...checkDistinct(cases),
    ...(manifest === undefined ? [] : checkAgainst(cases, manifest, checkValue)),
  ];
  if (manifest !== undefined && name !== manifest.id) {
    findings.push({ file: casesFile, field: 'skill_name', rule: 'must be the id of skill.json', example: manifest.id });
  }
  return { cases, findings };
}

function readJson(files: BundleFiles, file: string): { value: JsonValue } | { findings: BundleFinding[] } {
  const text = files[file];
  const example =
    file === manifestFile
      ? '{"id": "csv-summary", "version": "1.0.0", …}'
      : '{"skill_name": "csv-summary", "evals": […]}';
  if (text === undefined) return { findings: [{ file, rule: 'is missing', example }] };
  const parsed = parseJsonText(text, maxDepth);
  return parsed.ok ? { value: parsed.value } : { findings: [{ file, rule: `is no JSON: ${parsed.reason}`, example }] };
}

const manifestExamples: Readonly<Record<string, string>> = {
  id: '"csv-summary"',
  version: '"1.0.0"',
  description: '"Summarises a CSV: rows, columns, totals."',
  language: '"js"',
  entry: '"scripts/main.js"',
  input:
    '{"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"], "additionalProperties": false}',
  output:
    '{"type": "object", "properties": {"words": {"type": "integer"}}, "required": ["words"], "additionalProperties": false}',
  permissions: '{"hosts": ["api.example.org"]}',
  limits: '{"timeoutMs": 5000, "memoryMiB": 128, "outputBytes": 65536}',
};

const caseExamples: Readonly<Record<string, string>> = {
  skill_name: '"csv-summary"',
  evals: '[{"id": "two-words", "input": {"text": "a b"}, "expected": {"words": 2}}, …]',
};

function issuesOf(error: z.ZodError, file: string, examples: Readonly<Record<string, string>>): BundleFinding[] {
  return error.issues.map((issue) => {
    const [top] = issue.path;
    const example = typeof top === 'string' && Object.hasOwn(examples, top) ? examples[top] : undefined;
    return {
      file,
      ...(issue.path.length === 0 ? {} : { field: quoted(issue.path.join('.')).slice(1, -1) }),
      rule: issueText(issue),
      ...(example === undefined ? {} : { example }),
    };
  });
}

/** Unknown names may be anything, so they are quoted. */
function issueText(issue: z.core.$ZodIssue): string {
  if (issue.code !== 'unrecognized_keys') return issue.message;
  return `has fields that do not exist: ${issue.keys
    .slice(0, 5)
    .map((key) => quoted(key))
    .join(', ')}`;
}

const endings = { js: /\.[cm]?js$/, ts: /\.[cm]?ts$/, py: /\.py$/ } as const;

function checkEntry({ entry, language }: SkillManifest, files: BundleFiles): BundleFinding[] {
  const wrong = (rule: string): BundleFinding[] => [
    { file: manifestFile, field: 'entry', rule, example: `"scripts/main.${language}"` },
  ];
  if (!Object.hasOwn(files, entry)) return wrong(`names ${quoted(entry)}, which the bundle does not have`);
  return endings[language].test(entry) ? [] : wrong(`must be a file of the language ${language}`);
}

function checkSchemas(manifest: SkillManifest, checkValue: CheckValue): BundleFinding[] {
  return (['input', 'output'] as const).flatMap((field) => {
    const rules = schemaProblems(manifest[field]);
    if (rules.length === 0) rules.push(...compileProblems(manifest[field], checkValue));
    return rules.map((rule) => ({ file: manifestFile, field, rule, example: manifestExamples[field] ?? '' }));
  });
}

function compileProblems(schema: JsonObject, checkValue: CheckValue): string[] {
  try {
    checkValue(schema, null);
    return [];
  } catch (thrown) {
    return [`is no JSON Schema (2020-12): ${thrown instanceof Error ? quoted(thrown.message, 200) : ''}`];
  }
}

function checkSecrets({ permissions }: SkillManifest): BundleFinding[] {
  return permissions.secrets.flatMap(({ name, host }, index) =>
    permissions.hosts.includes(host)
      ? []
      : [
          {
            file: manifestFile,
            field: `permissions.secrets.${index}.host`,
            rule: `${name} is for ${host}, which permissions.hosts does not name`,
          },
        ],
  );
}

function checkDistinct(cases: readonly EvalCase[]): BundleFinding[] {
  const findings: BundleFinding[] = [];
  const ids = new Set<string>();
  for (const [index, { id }] of cases.entries()) {
    if (ids.has(id))
      findings.push({
        file: casesFile,
        field: `evals.${index}.id`,
        rule: `${id} is there twice; give each case its own id`,
      });
    ids.add(id);
  }
  const inputs = new Set(cases.map(({ input }) => canonicalJson(input))); // as quarantine tells cases apart
  if (inputs.size < caseCount.min) {
    findings.push({
      file: casesFile,
      field: 'evals',
      rule: `needs at least ${caseCount.min} cases with different inputs`,
    });
  }
  return findings;
}

function checkAgainst(cases: readonly EvalCase[], manifest: SkillManifest, checkValue: CheckValue): BundleFinding[] {
  const isUsable = (['input', 'output'] as const).every((field) => schemaProblems(manifest[field]).length === 0);
  if (!isUsable) return [];
  return cases.flatMap(({ id, input, expected, replies }) => [
    ...mismatches({ schema: manifest.input, value: input, place: `${id}.input` }, checkValue),
    ...(expected === undefined
      ? []
      : mismatches({ schema: manifest.output, value: expected, place: `${id}.expected` }, checkValue)),
    ...checkReplies(replies ?? [], manifest.permissions).map((rule) => ({
      file: casesFile,
      field: `${id}.replies`,
      rule,
    })),
  ]);
}

type Comparison = { readonly schema: JsonObject; readonly value: JsonValue; readonly place: string };

function mismatches({ schema, value, place }: Comparison, checkValue: CheckValue): BundleFinding[] {
  try {
    return checkValue(schema, value).map((rule) => ({ file: casesFile, field: place, rule }));
  } catch {
    return []; // the schema itself is wrong, which is a finding of its own
  }
}
