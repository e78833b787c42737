import { z } from 'zod';

import { RunKey } from './run.ts';

/** Why nothing was run although it was due. */
export const SkipReason = z
  .enum(['missed', 'overlap', 'lockdown', 'skill-not-active', 'input-unfit', 'schedule-removed'])
  .meta({ id: 'SkipReason' });
export type SkipReason = z.infer<typeof SkipReason>;

/** What came of one time at which a schedule was due. `key` is that of the run, if one was made. Times in ms since 1970. */
export const DueRun = z
  .strictObject({
    key: RunKey,
    dueAt: z.int(),
    state: z.enum(['running', 'ran', 'failed', 'skipped']),
    reason: z
      .string()
      .max(64)
      .optional()
      .meta({ description: 'Why it was skipped, or the verdict or code it failed with', example: 'lockdown' }),
    /** More about the reason, for people. */
    detail: z.string().max(500).optional(),
    endedAt: z.int().optional(),
  })
  .meta({ id: 'DueRun' });
export type DueRun = z.infer<typeof DueRun>;

/** How a due run ended: what a workflow learns of it. */
export type DueRunEnd = { readonly state: 'ran' | 'failed' | 'skipped'; readonly reason?: string };

/** So many due runs of a schedule are shown. */
export const shownDueRuns = 10;

/** No run takes longer, with all its waits and tries; what is said to run for longer no longer keeps the next one from starting. */
export const longestDueRunMs = 2 * 60 * 60 * 1000;

const skipTexts: Readonly<Record<SkipReason, string>> = {
  missed: 'Talos was not running when it was due',
  overlap: 'the run before it had not ended',
  lockdown: 'Talos was locked down',
  'skill-not-active': 'the skill had no active version',
  'input-unfit': 'the input no longer fits the skill',
  'schedule-removed': 'the schedule was removed',
};

/** Why a due run came to nothing, in words; undefined for one that ran or still runs. */
export function whyDueRun({ state, reason = 'unknown', detail }: DueRun): string | undefined {
  if (state === 'ran' || state === 'running') return undefined;
  const known = SkipReason.safeParse(reason);
  const text = state === 'skipped' && known.success ? skipTexts[known.data] : reason;
  return detail === undefined ? text : `${text}: ${detail}`;
}
