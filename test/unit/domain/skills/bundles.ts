import { createBundleTools } from '../../../../adapters/skill-reader.ts';
import type { BundleFiles, SkillBundle } from '../../../../domain/skills/bundle.ts';
import { findingText } from '../../../../domain/skills/finding.ts';
import { checkBundle, readBundle } from '../../../../domain/skills/read-bundle.ts';
import { skillTemplate } from '../../../../domain/skills/template.ts';

/** Real SHA-256, YAML and JSON Schema, as the program uses them. */
export const tools = createBundleTools({ maxBytes: 100_000 });

/** A good skill with some of its files changed; undefined takes a file away. */
export function filesWith(changes: Readonly<Record<string, string | undefined>> = {}, id = 'word-count'): BundleFiles {
  const all = { ...skillTemplate(id, 'js'), ...changes };
  return Object.fromEntries(Object.entries(all).flatMap(([path, text]) => (text === undefined ? [] : [[path, text]])));
}

/** A good skill with some fields of its manifest changed. */
export function filesWithManifest(changes: Readonly<Record<string, unknown>>, id = 'word-count'): BundleFiles {
  const files = filesWith({}, id);
  const manifest = { ...(JSON.parse(files['skill.json'] ?? '') as object), ...changes };
  return { ...files, 'skill.json': JSON.stringify(manifest) };
}

/** A good skill, read. */
export function bundleWith(changes: Readonly<Record<string, string | undefined>> = {}, id = 'word-count'): SkillBundle {
  return readBundle(filesWith(changes, id), tools);
}

/** The findings for a bundle, each as its sentence. */
export function findings(files: BundleFiles): string[] {
  const reading = checkBundle(files, tools);
  return reading.ok ? [] : reading.findings.map(findingText);
}
