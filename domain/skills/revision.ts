import { z } from 'zod';

import { JsonObject, JsonValue } from '../json.ts';
import { parseJsonText } from '../json-text.ts';
import type { BundleFiles, SkillBundle } from './bundle.ts';
import { caseCount } from './cases.ts';
import type { FailedInput } from './draft.ts';
import { casesFile, manifestFile } from './read-manifest.ts';

/** What a model writes of a revision: the whole code, and what it should give for the inputs that failed, by their numbers from 1. */
export const RevisionReply = z.object({
  code: z.string().min(1),
  expected: z.array(z.object({ number: z.int().positive(), output: JsonValue })).max(20),
});
export type RevisionReply = z.infer<typeof RevisionReply>;

/** The JSON Schema of that, for the model server. */
export const revisionFormat = {
  type: 'object',
  properties: {
    code: { type: 'string' },
    expected: {
      type: 'array',
      items: {
        type: 'object',
        properties: { number: { type: 'integer', minimum: 1 }, output: { type: 'object' } },
        required: ['number', 'output'],
      },
    },
  },
  required: ['code', 'expected'],
} as const;

/** The reply of a model, or why it is none. */
export function readRevision(
  reply: string,
): { readonly ok: true; readonly value: RevisionReply } | { readonly ok: false; readonly problem: string } {
  const json = parseJsonText(reply, 64);
  if (!json.ok) return { ok: false, problem: `The answer is no JSON: ${json.reason}` };
  const parsed = RevisionReply.safeParse(json.value);
  return parsed.success ? { ok: true, value: parsed.data } : { ok: false, problem: z.prettifyError(parsed.error) };
}

type Revision = { readonly reply: RevisionReply; readonly failures: readonly FailedInput[] };

/**
 * The files of a revision: new code and a higher version, everything else as it was; what it may do never changes. Only inputs that really
 * failed become cases, so that nobody can pass a test he wrote for himself.
 */
export function revisedFiles({ files, manifest }: SkillBundle, { reply, failures }: Revision): BundleFiles {
  const code = reply.code.endsWith('\n') ? reply.code : `${reply.code}\n`;
  const evals = JsonObject.parse(JSON.parse(files[casesFile] ?? '{}'));
  const known = z.array(JsonValue).parse(evals['evals'] ?? []);
  const added = reply.expected.flatMap(({ number, output }) => {
    const failure = failures[number - 1];
    return failure === undefined ? [] : [{ id: caseId(failure), input: failure.input, expected: output }];
  });
  const unknown = added.filter(({ id }, index) => added.findIndex((other) => other.id === id) === index);
  return {
    ...files,
    [manifest.entry]: code,
    [manifestFile]: withVersion(files[manifestFile] ?? '{}', nextVersion(manifest.version)),
    [casesFile]: toText({ ...evals, evals: [...known, ...unknown].slice(0, caseCount.max) }),
  };
}

/** Cases a version passes, by id. */
export type Passed = Readonly<Record<string, boolean>>;

/** Whether a revision is strictly better: it passes whatever the old version passes, and at least one case more. */
export function compareRevision(
  before: Passed,
  after: Passed,
): { readonly isBetter: boolean; readonly reason: string } {
  const ids = Object.keys(after);
  const lost = ids.filter((id) => before[id] === true && after[id] === false);
  const won = ids.filter((id) => before[id] !== true && after[id] === true);
  const tally = `${count(after)} of ${ids.length} cases pass, ${count(before)} with the version in use`;
  if (lost.length > 0) return { isBetter: false, reason: `${tally}; it breaks ${lost.slice(0, 3).join(', ')}` };
  if (won.length === 0) return { isBetter: false, reason: `${tally}; it mends nothing` };
  return { isBetter: true, reason: `${tally}; it mends ${won.slice(0, 3).join(', ')}` };
}

function count(passed: Passed): number {
  return Object.values(passed).filter(Boolean).length;
}

function caseId({ inputHash }: FailedInput): string {
  return `failed-${inputHash.slice(0, 12)}`;
}

/** The next patch version; a pre-release becomes its release. */
function nextVersion(version: string): string {
  const [release = '0.0.0', ...rest] = version.split('-');
  if (rest.length > 0) return release;
  const [major = '0', minor = '0', patch = '0'] = release.split('.');
  return `${major}.${minor}.${Number(patch) + 1}`;
}

function withVersion(manifest: string, version: string): string {
  return toText({ ...JsonObject.parse(JSON.parse(manifest)), version });
}

function toText(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
