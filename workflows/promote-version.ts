import type { SkillLife } from '../domain/skills/life.ts';
import type { BundleHash } from '../domain/skills/manifest.ts';
import { discard, promote } from '../domain/skills/promotion.ts';
import { fromActivityFailure } from './failure.ts';
import { isBrokenFiles, type LifeKeeper } from './life-keeper.ts';
import { local } from './proxies.ts';

/** Who consented to which version, and by which approval. */
export type Promotion = {
  readonly by: string;
  readonly hash: BundleHash;
  readonly approval: string;
  readonly override?: string;
};

/** As much of a message as the reason of a version holds. */
const longestReason = 500;

/** Promotes a version once its files are checked again and its certificate is kept; files that changed since its runs end it instead. */
export async function promoteVersion(keeper: LifeKeeper, promotion: Promotion): Promise<SkillLife> {
  const { by, hash } = promotion;
  let broken: string | undefined;
  try {
    return await keeper.change(by, async (life) => {
      const now = Date.now();
      const outcome = promote(life, promotion, now);
      if (!outcome.ok || outcome.life.active === undefined) return outcome;
      const { approval, override } = promotion;
      const { promotedAt = now } = outcome.life.active;
      const consent = { approver: by, approval, promotedAt, ...(override !== undefined && { override }) };
      try {
        await local.certifySkill({ id: life.id, version: outcome.life.active, ...consent });
      } catch (thrown) {
        const { code, message } = fromActivityFailure(thrown);
        if (isBrokenFiles(code)) broken = `${code}: ${message}`;
        throw thrown;
      }
      return outcome;
    });
  } catch (thrown) {
    const reason = `Its files are not what was tested: ${broken}`.slice(0, longestReason);
    if (broken !== undefined) await keeper.change('talos', (life) => discard(life, { hash, reason }, Date.now()));
    throw thrown;
  }
}
