import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { readSkillPath } from '../adapters/skill-archive.ts';
import { toTalosError } from '../domain/errors.ts';
import type { Logger } from '../domain/ports.ts';
import type { SkillPorts, SkillRuntime } from '../domain/skills/ports.ts';
import type { SkillBundle } from '../domain/skills/bundle.ts';
import type { SkillLife } from '../domain/skills/life.ts';
import { handIn } from '../domain/skills/hand-in.ts';
import { type BundleTools, readBundle } from '../domain/skills/read-bundle.ts';

const shipped = fileURLToPath(new URL('../skills', import.meta.url));

type Deps = Pick<SkillPorts, 'skills' | 'catalog'> & {
  readonly tools: BundleTools;
  readonly skillRuntime: Pick<SkillRuntime, 'submit'>;
  readonly logger: Logger;
};

/**
 * Hands in the skills that come with Talos, each version once: they are quarantined like any other, and the owner decides. What
 * cannot be handed in now is told in the log and handed in at the next start.
 */
export async function submitBuiltInSkills(deps: Deps, folder: string = shipped): Promise<void> {
  for (const id of (await readdir(folder)).toSorted()) {
    try {
      const bundle = await readShipped(deps.tools, `${folder}/${id}`);
      if (isKnown(await deps.catalog.get(bundle.manifest.id), bundle)) continue;
      await handIn(deps, bundle, { by: 'talos' });
    } catch (thrown) {
      const { code, message } = toTalosError(thrown);
      deps.logger.warn({ skill: id, code, err: thrown }, `a built-in skill was not handed in: ${message}`);
    }
  }
}

async function readShipped(tools: BundleTools, path: string): Promise<SkillBundle> {
  const { files } = await readSkillPath(path, tools);
  return readBundle(files, tools);
}

/** Whatever became of a version, it is not handed in a second time. */
function isKnown(life: SkillLife | undefined, { hash }: SkillBundle): boolean {
  const versions = [life?.active, life?.candidate, ...(life?.past ?? [])];
  return versions.some((version) => version?.hash === hash);
}
