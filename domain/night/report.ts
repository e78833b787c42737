import { z } from 'zod';

import { NightRun, NightRunId } from './run.ts';

const count = z.int().nonnegative();
const line = z.string().max(300);

/** What one host was sent, or was meant to be. `bytes` only where they are counted before anything is sent. */
export const HostContact = z
  .strictObject({
    host: line,
    by: z.enum(['cloud', 'engine', 'skill', 'model', 'owner']).meta({ description: 'Who reached out' }),
    calls: count.meta({ description: 'Calls that were allowed' }),
    refused: count.meta({ description: 'Tries that were refused before anything was sent' }),
    bytes: count.optional(),
    kinds: z.array(line).max(20).meta({ description: 'Kinds of content, such as message' }),
    names: z.array(line).max(20).meta({ description: 'The models or skills concerned' }),
  })
  .meta({ id: 'HostContact' });
export type HostContact = z.infer<typeof HostContact>;

/** What came of the times a schedule was due. `isWhole`: no more than is told here. */
export const ScheduleNews = z
  .strictObject({
    skill: z.string(),
    name: z.string(),
    ran: count,
    failed: count,
    skipped: count,
    reasons: z.array(line).max(5),
    isWhole: z.boolean(),
  })
  .meta({ id: 'ScheduleNews' });
export type ScheduleNews = z.infer<typeof ScheduleNews>;

/** What failed: messages by error code, and strikes of skills. `isWhole`: every message since then was looked at. */
export const Failures = z
  .strictObject({
    messages: z.record(z.string(), count),
    isWhole: z.boolean(),
    strikes: z
      .array(z.strictObject({ skill: z.string(), count, isSecurity: z.boolean(), verdicts: z.array(line).max(5) }))
      .max(50),
  })
  .meta({ id: 'Failures' });
export type Failures = z.infer<typeof Failures>;

/** Something that goes on only when the owner says so. Times in ms since 1970. */
export const Waiting = z
  .strictObject({
    kind: z.enum(['skill', 'call', 'cloud', 'approval']),
    text: line,
    since: z.int(),
    until: z.int().optional(),
    fix: line.meta({ description: 'How to decide it' }),
  })
  .meta({ id: 'Waiting' });
export type Waiting = z.infer<typeof Waiting>;

/** The parts of a report that may not be known. */
export const ReportPart = z.enum(['cycles', 'schedules', 'contacts', 'failures', 'waiting']);
export type ReportPart = z.infer<typeof ReportPart>;

/** What people read in the morning: a run of the nightly maintenance and what happened since the report before it. */
export const NightReport = z
  .strictObject({
    v: z.literal(1),
    id: NightRunId,
    writtenAt: z.int(),
    since: z.int().meta({ description: 'It tells of what happened from then on (ms since 1970)' }),
    run: NightRun,
    /** Other runs and due times since then, newest first. */
    cycles: z.array(NightRun).max(50).optional(),
    schedules: z.array(ScheduleNews).max(500).optional(),
    contacts: z.array(HostContact).max(200).optional(),
    areContactsWhole: z
      .boolean()
      .optional()
      .meta({ description: 'Whether every call since then is counted; false when there were too many to read' }),
    failures: Failures.optional(),
    waiting: z.array(Waiting).max(200).optional(),
    /** Parts that are missing, with the code of what kept them. */
    unknown: z.array(z.strictObject({ part: ReportPart, reason: line })).max(ReportPart.options.length),
  })
  .meta({ id: 'NightReport' });
export type NightReport = z.infer<typeof NightReport>;

/** A report with the Ed25519 public key of the node that signed it and the signature, both hex. */
export const SignedReport = z.strictObject({
  report: NightReport,
  publicKey: z.string().regex(/^[0-9a-f]{64}$/),
  signature: z.string().regex(/^[0-9a-f]{128}$/),
});
export type SignedReport = z.infer<typeof SignedReport>;

/** A report as it was found. One that is not sound is not what was written; `problems` says why. */
export const ReportView = z
  .strictObject({
    id: NightRunId,
    sound: z.boolean().meta({ description: 'Whether it is exactly what this node has signed' }),
    problems: z.array(z.string()),
    report: NightReport.optional(),
  })
  .meta({ id: 'ReportView' });
export type ReportView = z.infer<typeof ReportView>;

/** A report as it stands in a list. */
export const ReportSummary = z
  .strictObject({
    id: NightRunId,
    writtenAt: z.int().meta({ description: 'For one that is not sound when its file was last changed' }),
    sound: z.boolean(),
    state: NightRun.shape.state.optional().meta({ description: 'How the run ended' }),
  })
  .meta({ id: 'ReportSummary' });
export type ReportSummary = z.infer<typeof ReportSummary>;
