import { TalosError, toTalosError } from '../domain/errors.ts';
import type { SkillBundle } from '../domain/skills/bundle.ts';
import { versionsOf } from '../domain/skills/change.ts';
import type { SkillLife } from '../domain/skills/life.ts';
import { diffManifests } from '../domain/skills/manifest-diff.ts';
import type { BundleHash, SkillId } from '../domain/skills/manifest.ts';
import { handIn } from '../domain/skills/hand-in.ts';
import { findTrouble } from '../domain/skills/trouble.ts';
import {
  promotedVersion,
  shownVersion,
  type SkillSubmission,
  type SkillView,
  type VersionDiff,
} from '../domain/skills/view.ts';
import type { ApiDeps } from './deps.ts';

type Deps = Pick<ApiDeps, 'skills' | 'catalog' | 'skillRuns' | 'skillRuntime' | 'skillBundles'>;

/** What the API does with skills. */
export function createSkills(deps: Deps) {
  const { skills, catalog, skillRuntime } = deps;

  return {
    /** The life as the catalogue has it. Fails with NOT_FOUND. */
    life: async (id: SkillId): Promise<SkillLife> => (await catalog.get(id)) ?? unknownSkill(id),

    /** The life as it is at this moment, for decisions. Fails with NOT_FOUND and RUNTIME_UNAVAILABLE. */
    lifeNow: async (id: SkillId): Promise<SkillLife> => {
      if ((await catalog.get(id)) === undefined) unknownSkill(id);
      return (await skillRuntime.life(id)) ?? unknownSkill(id);
    },

    /** Keeps a version and puts it into quarantine. */
    async submit(bundle: SkillBundle, by: string): Promise<SkillSubmission> {
      const { hash, manifest } = bundle;
      const life = await handIn({ skills, skillRuntime }, bundle, { by });
      const version = versionsOf(life).find((one) => one.hash === hash);
      return { id: manifest.id, hash, version: manifest.version, state: version?.state ?? 'quarantined' };
    },

    /** Everything there is to see. Files that are not what they were are told as a problem, not shown. */
    async view(id: SkillId): Promise<SkillView> {
      const life = (await catalog.get(id)) ?? unknownSkill(id);
      const shown = shownVersion(life)?.hash ?? unknownSkill(id);
      const [certificate, version, trouble] = await Promise.all([
        certificateOf(deps, life, shown),
        readVersion(deps, life, shown),
        life.active && findTrouble(deps.skillRuns, id, life.active.hash),
      ]);
      return { life, shown, ...certificate, ...version, ...(trouble && { trouble }) };
    },

    /** The version in use, or else the one shown, with its certificate if it has one. */
    async forExport(id: SkillId) {
      const life = (await catalog.get(id)) ?? unknownSkill(id);
      const hash = (life.active ?? shownVersion(life))?.hash ?? unknownSkill(id);
      const [bundle, certificate] = await Promise.all([skills.load(id, hash), skills.certificate(id, hash)]);
      return { bundle, certificate };
    },
  };
}

export type Skills = ReturnType<typeof createSkills>;

function unknownSkill(id: SkillId): never {
  throw new TalosError('NOT_FOUND', `There is no skill ${id}; \`talos skills ls\` lists what there is.`);
}

/** The certificate of the version promoted last; one that does not hold is a problem of the version in use. */
async function certificateOf({ skills }: Deps, life: SkillLife, shown: BundleHash): Promise<Partial<SkillView>> {
  const version = promotedVersion(life);
  if (version === undefined) return {};
  try {
    const certificate = await skills.certificate(life.id, version.hash);
    return certificate === undefined ? {} : { certificate };
  } catch (thrown) {
    const { code, message } = toTalosError(thrown);
    return life.active?.hash === shown ? { problem: { code, message } } : {};
  }
}

async function readVersion(deps: Deps, life: SkillLife, hash: BundleHash): Promise<Partial<SkillView>> {
  try {
    const { manifest, files } = await deps.skills.load(life.id, hash);
    const diff = life.candidate?.hash === hash ? await diffToActive(deps, life, { hash, manifest, files }) : undefined;
    return { manifest, files, ...(diff && { diff }) };
  } catch (thrown) {
    const { code, message } = toTalosError(thrown);
    if (code !== 'SKILL_CHANGED' && code !== 'NOT_FOUND') throw thrown;
    return { problem: { code, message } };
  }
}

type Version = Pick<SkillBundle, 'hash' | 'manifest' | 'files'>;

async function diffToActive(
  { skills, skillBundles }: Deps,
  { id, active }: SkillLife,
  to: Version,
): Promise<VersionDiff> {
  const from = active && (await skills.load(id, active.hash).catch(() => undefined)); // one that cannot be read grants nothing
  const { changes, grew } = diffManifests(from?.manifest, to.manifest);
  const files = skillBundles.diffFiles(from?.files ?? {}, to.files);
  return { ...(from && { from: from.hash }), to: to.hash, manifest: [...changes], grew, files };
}
