import { toTalosError } from '../domain/errors.ts';
import type { Logger } from '../domain/ports.ts';
import type { SkillCatalog, SkillRuntime } from '../domain/skills/ports.ts';

type Deps = {
  readonly catalog: Pick<SkillCatalog, 'list'>;
  readonly skillRuntime: Pick<SkillRuntime, 'goOn'>;
  readonly logger: Logger;
};

/**
 * Lets the lives go on that Temporal has lost: without one nobody counts the faults of a version in use, and none is tested. Never
 * fails; the log has what did.
 */
export async function keepLives({ catalog, skillRuntime, logger }: Deps): Promise<void> {
  try {
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
