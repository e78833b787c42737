import { z } from 'zod';

import { SkillId } from '../skills/manifest.ts';
import { Finding, mostFindings } from './finding.ts';
import { phaseNames } from './phases.ts';

/** The phases of the nightly maintenance, in order. */
export const Phase = z.enum(phaseNames).meta({ id: 'Phase' });
export type Phase = z.infer<typeof Phase>;

/** What a phase did: counts by what was counted, such as `keysDeleted`, what people should read, and what should be mended. */
export const PhaseOutcome = z.strictObject({
  counts: z.record(z.string(), z.number()),
  notes: z.array(z.string().max(300)).max(50),
  findings: z.array(Finding).max(mostFindings).optional(),
});
export type PhaseOutcome = z.infer<typeof PhaseOutcome>;

/** How a phase ended. `skipped`: the run was over before it began. `cut-short`: it was ended before it was done. */
export const PhaseReport = z
  .strictObject({
    phase: Phase,
    state: z.enum(['running', 'done', 'failed', 'cut-short', 'skipped']),
    startedAt: z.int().optional(),
    ms: z.int().nonnegative().optional(),
    outcome: PhaseOutcome.optional(),
    error: z.strictObject({ code: z.string(), message: z.string() }).optional(),
  })
  .meta({ id: 'PhaseReport' });
export type PhaseReport = z.infer<typeof PhaseReport>;

/** Names one run of the nightly maintenance: by the second it was due, or by the key of whoever asked for it. */
export const NightRunId = z
  .string()
  .regex(
    /^(due-\d{8}T\d{6}Z|now-[A-Za-z0-9_-]{1,64})$/,
    'must be the id of a dream cycle, such as due-20261125T040000Z',
  )
  .meta({ id: 'NightRunId', example: 'due-20261125T040000Z' });
export type NightRunId = z.infer<typeof NightRunId>;

/** Why nothing was done although it was due. */
export const NightSkip = z.enum(['missed', 'overlap', 'lockdown']);
export type NightSkip = z.infer<typeof NightSkip>;

/** Why a run failed: a phase did, it was ended by somebody or by a lockdown, the hard cap had to end it, or it was lost. */
export const NightFailure = z.enum(['phase-failed', 'cancelled', 'lockdown', 'hard-cap', 'lost']);
export type NightFailure = z.infer<typeof NightFailure>;

/** What came of the look at skills that failed. `proposed`: a better version waits for the owner. `none`: there was nothing to mend. */
export const RevisionReport = z
  .strictObject({
    state: z.enum(['proposed', 'dropped', 'none']),
    skill: SkillId.optional(),
    note: z.string().max(500),
  })
  .meta({ id: 'RevisionReport' });
export type RevisionReport = z.infer<typeof RevisionReport>;

/** One run of the nightly maintenance, or a due time that came to nothing. Times in ms since 1970. */
export const NightRun = z
  .strictObject({
    id: NightRunId,
    trigger: z.enum(['schedule', 'owner']),
    dueAt: z.int(),
    state: z.enum(['running', 'ran', 'failed', 'skipped']),
    /** Why it was skipped or failed. */
    reason: z.union([NightSkip, NightFailure]).optional(),
    /** Whether it ended before every phase was done. */
    isCutShort: z.boolean(),
    startedAt: z.int().optional(),
    endedAt: z.int().optional(),
    phases: z.array(PhaseReport),
    revision: RevisionReport.optional(),
  })
  .meta({ id: 'NightRun' });
export type NightRun = z.infer<typeof NightRun>;

/** The newest line a phase told while it runs. */
export const NightProgress = z.strictObject({ phase: Phase, line: z.string().max(300) });
export type NightProgress = z.infer<typeof NightProgress>;

/** A run as it is followed. */
export const NightView = NightRun.extend({ progress: NightProgress.optional() }).meta({ id: 'NightView' });
export type NightView = z.infer<typeof NightView>;

/** When the nightly maintenance is due: every day at this time by the clock of the zone. */
export const NightWhen = z
  .strictObject({ hour: z.int(), minute: z.int(), zone: z.string() })
  .meta({ id: 'NightWhen', example: { hour: 4, minute: 0, zone: 'Europe/Berlin' } });
export type NightWhen = z.infer<typeof NightWhen>;
