import type { TextHasher } from '../ports.ts';
import type { SkillBundle, BundleFiles } from './bundle.ts';
import { checkFiles, normaliseFiles } from './bundle-files.ts';
import { hashBundle } from './bundle-hash.ts';
import { type BundleFinding, invalidSkill } from './finding.ts';
import { type CheckValue, readCases, readManifest } from './read-manifest.ts';
import { documentFile, type FrontMatter, readDocument, type YamlReader } from './skill-document.ts';

/** What reading a bundle takes from outside the domain. */
export type BundleTools = {
  readonly hash: TextHasher;
  readonly readYaml: YamlReader;
  readonly checkValue: CheckValue;
  /** SKILL_MAX_SIZE_BYTES */
  readonly maxBytes: number;
};

/** A bundle, or everything that is wrong with it. */
export type BundleReading =
  | { readonly ok: true; readonly bundle: SkillBundle }
  | { readonly ok: false; readonly findings: readonly BundleFinding[] };

/** Reads and checks a skill; fails with SKILL_INVALID, which names every finding. */
export function readBundle(files: BundleFiles, tools: BundleTools): SkillBundle {
  const reading = checkBundle(files, tools);
  if (!reading.ok) throw invalidSkill(reading.findings);
  return reading.bundle;
}

/** Reads and checks a skill; all findings at once, so that its author mends it in one go. */
export function checkBundle(given: BundleFiles, tools: BundleTools): BundleReading {
  const files = normaliseFiles(given);
  const unsound = checkFiles(files, tools.maxBytes);
  if (unsound.length > 0) return { ok: false, findings: unsound }; // too strange or too large to look into
  const document = readDocument(files[documentFile], tools.readYaml);
  const { manifest, findings } = readManifest(files, tools.checkValue);
  const cases = readCases(files, manifest, tools.checkValue);
  const all = [
    ...findings,
    ...cases.findings,
    ...document.findings,
    ...(manifest === undefined ? [] : checkName(document.frontMatter, manifest.id)),
  ];
  if (all.length > 0 || manifest === undefined) return { ok: false, findings: all };
  return { ok: true, bundle: { hash: hashBundle(files, tools.hash), files, manifest, cases: cases.cases } };
}

function checkName(frontMatter: FrontMatter | undefined, id: string): BundleFinding[] {
  if (frontMatter === undefined || frontMatter.name === id) return [];
  return [{ file: documentFile, field: 'name', rule: 'must be the id of skill.json', example: id }];
}
