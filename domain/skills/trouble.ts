import { z } from 'zod';

import type { BundleHash } from './manifest.ts';
import type { SkillRuns } from './ports.ts';
import type { SkillRunSummary } from './run.ts';

/** Failures in a row that are told, though none of them is a strike; as many as strikes end a version. */
const toldFrom = 3;

/** Runs that are looked at. */
const mostRuns = 50;

const longestReason = 300;

/**
 * Why a skill is of no use at the moment: since when its runs have failed, one after the other, for something outside it. It may be that
 * a host is away or the owner has to lend something, and it may be the skill itself, which meets what it cannot bear.
 */
export const SkillTrouble = z
  .strictObject({
    runs: z.int().positive(),
    /** ms since 1970. */
    since: z.int(),
    /** What was said of the last one; may quote the skill. */
    reason: z.string().max(longestReason),
  })
  .meta({ id: 'SkillTrouble' });
export type SkillTrouble = z.infer<typeof SkillTrouble>;

/** The trouble a version in use is in, by its runs, newest first: failures of the environment and nothing that went well since. */
export function troubleOf(hash: BundleHash, runs: readonly SkillRunSummary[]): SkillTrouble | undefined {
  const own = runs.filter(({ inputBy, result }) => inputBy !== 'case' && (result?.hash ?? hash) === hash);
  const lastGood = own.findIndex(({ state }) => state === 'ok');
  const failures = own.slice(0, lastGood < 0 ? own.length : lastGood).flatMap(({ state, result }) => {
    return state === 'failed' && result?.blame === 'environment' ? [result] : [];
  });
  const [last, first] = [failures[0], failures.at(-1)];
  if (last === undefined || first === undefined || failures.length < toldFrom) return undefined;
  const reason = (last.error?.message ?? '').slice(0, longestReason).toWellFormed();
  return { runs: failures.length, since: first.finishedAt, reason };
}

/** The same from the store of runs. */
export async function findTrouble(
  skillRuns: Pick<SkillRuns, 'list'>,
  skill: string,
  hash: BundleHash,
): Promise<SkillTrouble | undefined> {
  return troubleOf(hash, await skillRuns.list(skill, { limit: mostRuns, offset: 0, failedOnly: false }));
}
