import { type ErrorCode, toTalosError } from '../errors.ts';
import type { SkillBundle } from './bundle.ts';
import type { SkillLife } from './life.ts';
import type { BundleHash } from './manifest.ts';
import type { SkillPorts } from './ports.ts';

type Deps = {
  readonly skills: Pick<SkillPorts['skills'], 'put' | 'discard'>;
  readonly skillRuntime: Pick<SkillPorts['skillRuntime'], 'submit'>;
};

type HandIn = {
  readonly by: string;
  /** As in a submission. */
  readonly over?: BundleHash | null;
};

/** What a life says of a version it does not take. Any other failure may be of one that it takes later. */
const refusals: ReadonlySet<ErrorCode> = new Set(['SKILL_INVALID', 'SKILL_NOT_READY']);

/** Keeps a version and puts it into quarantine; one that is refused is not kept. */
export async function handIn({ skills, skillRuntime }: Deps, bundle: SkillBundle, order: HandIn): Promise<SkillLife> {
  const { hash } = bundle;
  const { id } = bundle.manifest;
  await skills.put(bundle);
  try {
    return await skillRuntime.submit({ id, hash, ...order });
  } catch (thrown) {
    // What cannot be removed takes up room, and nothing more.
    if (refusals.has(toTalosError(thrown).code)) await skills.discard(id, hash).catch(() => undefined);
    throw thrown;
  }
}
