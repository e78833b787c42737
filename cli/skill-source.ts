import { existsSync } from 'node:fs';

import { homePaths } from '../domain/config/paths.ts';
import { TalosError } from '../domain/errors.ts';
import type { SkillBundle } from '../domain/skills/bundle.ts';
import { SkillId } from '../domain/skills/manifest.ts';
import type { CliDeps } from './command.ts';
import { plainLine } from './plain-text.ts';
import { createSkillsClient } from './skills-client.ts';

/** Reads a skill from a folder, an archive or a repository. Fails with NOT_FOUND, SKILL_INVALID, VALIDATION_FAILED. */
export async function readSkillFrom(source: string, deps: CliDeps): Promise<SkillBundle> {
  const { bundles } = await deps.skillTools(deps.config());
  if (/^[a-z]+:\/\//i.test(source)) return bundles.fromRepository(source, deps.interrupted());
  return bundles.fromPath(source);
}

/** The same, and where there is no such folder, a skill that Talos knows by this name: the version it would show. */
export async function readSkillOrKnown(source: string, deps: CliDeps): Promise<SkillBundle> {
  if (existsSync(source) || !SkillId.safeParse(source).success) return readSkillFrom(source, deps);
  const { files, problem } = await createSkillsClient(homePaths(deps.config()).apiSocket).view(source);
  if (files !== undefined) return (await deps.skillTools(deps.config())).bundles.fromFiles(files);
  const { code, message } = problem ?? { code: 'NOT_FOUND', message: `Skill ${source} has no files.` };
  throw new TalosError(code, plainLine(message, 500));
}
