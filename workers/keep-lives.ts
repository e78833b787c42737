import { toTalosError } from '../domain/errors.ts';
import type { Logger } from '../domain/ports.ts';
import type { SkillCatalog, SkillRuntime } from '../domain/skills/ports.ts';

type Deps = {
  readonly catalog: Pick<SkillCatalog, 'list' | 'unreadable' | 'put'>;
  readonly skillRuntime: Pick<SkillRuntime, 'goOn' | 'life'>;
  readonly logger: Logger;
};

/**
 * Lets the lives go on that Temporal has lost: without one nobody counts the faults of a version in use, and none is tested. A life the
 * catalogue cannot read is copied anew from its workflow. Never fails; the log has what did.
 */
export async function keepLives(deps: Deps): Promise<void> {
  const { catalog, skillRuntime, logger } = deps;
  try {
    for (const { id, problem } of await catalog.unreadable()) await copyAnew(deps, id, problem);
    for (const { id, active, candidate } of await catalog.list()) {
      if (active === undefined && candidate === undefined) continue;
      await skillRuntime.goOn(id).catch((thrown: unknown) => {
        const { code, message } = toTalosError(thrown);
        logger.warn({ skill: id, code, err: thrown }, `a skill was not looked after: ${message}`);
      });
    }
  } catch (thrown) {
    logger.warn({ code: toTalosError(thrown).code, err: thrown }, 'the skills could not be read');
  }
}

async function copyAnew({ catalog, skillRuntime, logger }: Deps, id: string, problem: string): Promise<void> {
  try {
    const life = await skillRuntime.life(id);
    if (life !== undefined) await catalog.put(life);
    logger.warn({ skill: id, isMended: life !== undefined }, problem);
  } catch (thrown) {
    logger.warn({ skill: id, code: toTalosError(thrown).code, err: thrown }, problem);
  }
}
