import { TalosError } from '../domain/errors.ts';
import type { SkillBundles } from '../domain/skills/ports.ts';
import type { SkillBundle } from '../domain/skills/bundle.ts';
import { readSkill } from '../domain/skills/external-skill.ts';
import type { BundleTools } from '../domain/skills/read-bundle.ts';
import { diffFiles } from './code-diff.ts';
import { type FoundSkill, readSkillArchive, readSkillPath, writeSkillArchive } from './skill-archive.ts';
import { type GitOptions, readSkillRepository } from './skill-git.ts';

type SkillBundlesOptions = {
  readonly tools: BundleTools;
  /** How repositories are fetched from here. */
  readonly git?: Omit<GitOptions, 'maxBytes' | 'signal'>;
};

/** Reads and writes skills as folders, archives and repositories hold them. */
export function createSkillBundles({ tools, git }: SkillBundlesOptions): SkillBundles {
  const limits = { maxBytes: tools.maxBytes };
  const read = ({ files }: Pick<FoundSkill, 'files'>): SkillBundle => runnable(files, tools);
  return {
    fromFiles: (files) => read({ files }),
    fromArchive: async (archive) => read(await readSkillArchive(Buffer.from(archive), limits)),
    fromPath: async (path) => read(await readSkillPath(path, limits)),
    fromRepository: async (url, signal) => read(await readSkillRepository(url, { ...git, ...limits, signal })),
    toArchive: (bundle, certificate) => writeSkillArchive(bundle, 'zip', certificate),
    diffFiles,
  };
}

function runnable(files: FoundSkill['files'], tools: BundleTools): SkillBundle {
  const skill = readSkill(files, tools);
  if (skill.kind === 'runnable') return skill.bundle;
  const lines = skill.lacks.map((lack) => `- ${lack}`).join('\n');
  throw new TalosError('SKILL_INVALID', `The skill has instructions, but nothing Talos can run yet:\n${lines}`);
}
