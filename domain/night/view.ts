import { z } from 'zod';

import { NightRun, NightWhen } from './run.ts';

/** The nightly maintenance as it stands: when it is due, and what came of the last times. Times in ms since 1970. */
export const NightList = z
  .strictObject({
    when: NightWhen,
    paused: z.boolean().meta({ description: 'Whether it was paused in Temporal' }),
    next: z.array(z.int()).meta({ description: 'The next times it is due; none while it is paused' }),
    runs: z.array(NightRun).meta({ description: 'Newest first' }),
  })
  .meta({ id: 'NightList' });
export type NightList = z.infer<typeof NightList>;

const whyTexts: Readonly<Record<NonNullable<NightRun['reason']>, string>> = {
  // A pause that is over leaves no trace in Temporal.
  missed: 'Talos was not running when it was due, or it was paused in Temporal',
  overlap: 'another one was going on',
  lockdown: 'Talos was locked down',
  'phase-failed': 'a phase failed',
  cancelled: 'it was asked to end',
  'hard-cap': 'it did not end by itself within its hard cap',
  lost: 'it was ended from outside',
};

/** Why a run was skipped or failed, in words; undefined for others. */
export function whyNight({ reason }: Pick<NightRun, 'reason'>): string | undefined {
  return reason === undefined ? undefined : whyTexts[reason];
}
