import { toTalosError } from '../domain/errors.ts';
import type { LockdownStore, Logger } from '../domain/ports.ts';
import type { SkillCatalog, SkillRuntime } from '../domain/skills/ports.ts';
import type { SkillLife } from '../domain/skills/life.ts';
import { retest } from '../domain/skills/retirement.ts';

type Deps = {
  readonly catalog: Pick<SkillCatalog, 'list' | 'ground' | 'keepGround'>;
  readonly skillRuntime: Pick<SkillRuntime, 'retest'>;
  readonly lockdown: Pick<LockdownStore, 'state'>;
  readonly logger: Logger;
};

/**
 * Where skills run on something else than at the last start, those their faults took out of use are tested again: it may have been that.
 * Never fails; the log has what did, and the next start tries again.
 */
export async function retestSkills(deps: Deps, findGround: () => Promise<string>): Promise<void> {
  const { catalog, lockdown, logger } = deps;
  try {
    const [before, ground] = await Promise.all([catalog.ground(), findGround()]);
    if (before === ground || (await lockdown.state()).locked) return;
    const reason = `Skills run on ${ground} now; before it was ${before ?? 'not known'}.`;
    let isDone = true;
    for (const life of before === undefined ? [] : await catalog.list()) {
      isDone = (await retestOne(deps, life, reason)) && isDone;
    }
    if (isDone) await catalog.keepGround(ground);
  } catch (thrown) {
    const { code, message } = toTalosError(thrown);
    logger.warn({ code, err: thrown }, `skills that failed were not tested again: ${message}`);
  }
}

/** False where it could not be done, which keeps no other skill from it. */
async function retestOne({ skillRuntime, logger }: Deps, life: SkillLife, reason: string): Promise<boolean> {
  const { id } = life;
  const outcome = retest(life, { reason }, 0);
  if (!outcome.ok || outcome.life === life) return true;
  try {
    await skillRuntime.retest({ id, reason, by: 'talos' });
    return true;
  } catch (thrown) {
    const { code, message } = toTalosError(thrown);
    logger.warn({ skill: id, code, err: thrown }, `a skill that failed was not tested again: ${message}`);
    return false;
  }
}
