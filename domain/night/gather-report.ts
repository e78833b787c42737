import type { OpenApproval } from '../approval/code.ts';
import type { AuditTrail } from '../audit/trail.ts';
import type { AwaitedClouds } from '../cloud/ports.ts';
import { isErrorCode } from '../errors.ts';
import type { ConversationStore } from '../ports.ts';
import type { AwaitedCalls, SkillCatalog, SkillSchedules } from '../skills/ports.ts';
import { contactTypes, hostContacts } from './host-contacts.ts';
import type { NightRuns, ReportStore } from './ports.ts';
import { NightReport, type ReportPart, type Waiting } from './report.ts';
import type { NightRun } from './run.ts';
import { scheduleNews } from './schedule-news.ts';
import { failedMessages, strikesSince } from './what-failed.ts';
import { whatWaits } from './what-waits.ts';

/** Where a report comes from; each source may be away. */
export type ReportSources = {
  readonly nightRuns: Pick<NightRuns, 'list'>;
  readonly schedules: Pick<SkillSchedules, 'list' | 'dueRuns'>;
  readonly catalog: Pick<SkillCatalog, 'list'>;
  readonly awaitedCalls: Pick<AwaitedCalls, 'list'>;
  readonly awaitedClouds: Pick<AwaitedClouds, 'list'>;
  openApprovals(): Promise<readonly OpenApproval[]>;
  readonly conversations: Pick<ConversationStore, 'conversations' | 'conversation'>;
  readonly trail: Pick<AuditTrail, 'entries'>;
};

const dayMs = 24 * 60 * 60 * 1000;

/** A report looks back no further, however long Talos was away. */
const longestMs = 31 * dayMs;

const mostCycles = 50;
const mostLooked = 500;
const mostHosts = 200;
const mostEntries = 20_000;

/**
 * Since when a report tells what happened: since the one before it, or for a day. One that was written while the clock was ahead says
 * nothing of that.
 */
export async function reportSince(reports: Pick<ReportStore, 'list'>, run: NightRun, now: number): Promise<number> {
  const before = (await reports.list()).find(({ id, sound, writtenAt }) => sound && id !== run.id && writtenAt <= now);
  return Math.max(before?.writtenAt ?? now - dayMs, now - longestMs);
}

/** Puts a report together. Parts whose source is away are left out and named. */
export async function gatherReport(
  sources: ReportSources,
  run: NightRun,
  { since, now }: { since: number; now: number },
): Promise<NightReport> {
  const unknown: NightReport['unknown'] = [];
  const known = async <T>(part: ReportPart, read: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await read();
    } catch (thrown) {
      unknown.push({ part, reason: reasonOf(thrown) });
      return undefined;
    }
  };
  const [cycles, schedules, contacts, failures, waiting] = await Promise.all([
    known('cycles', () => otherCycles(sources, run, since)),
    known('schedules', () => scheduleNews(sources.schedules, since)),
    known('contacts', () => contactsSince(sources, since)),
    known('failures', async () => ({
      ...(await failedMessages(sources.conversations, since)),
      strikes: strikesSince(await sources.catalog.list(), since),
    })),
    known('waiting', () => waitingNow(sources, since)),
  ]);
  const parts = {
    ...(cycles && { cycles }),
    ...(schedules && { schedules: schedules.slice(0, 500) }),
    ...contacts,
    ...(failures && { failures }),
    ...(waiting && { waiting }),
  };
  return inWholeCharacters({ v: 1, id: run.id, writtenAt: now, since, run, ...parts, unknown });
}

/** Texts of models and servers may have been cut inside a character, and nothing with half of one can be signed. */
function inWholeCharacters(report: NightReport): NightReport {
  const whole = (_key: string, value: unknown): unknown => (typeof value === 'string' ? value.toWellFormed() : value);
  return NightReport.parse(JSON.parse(JSON.stringify(report, whole)));
}

/** A run counts by when it came to its end: one that was lost or missed is known as such only long after it was due. */
async function otherCycles({ nightRuns }: ReportSources, run: NightRun, since: number): Promise<NightRun[]> {
  const all = await nightRuns.list({ since: since - longestMs, limit: mostLooked });
  const ended = all.filter(({ id, state }) => id !== run.id && state !== 'running');
  return ended.filter(({ dueAt, endedAt = dueAt }) => endedAt >= since).slice(0, mostCycles);
}

async function contactsSince(
  { trail }: ReportSources,
  since: number,
): Promise<Pick<NightReport, 'contacts' | 'areContactsWhole'>> {
  const { entries, isWhole } = await trail.entries({ since, types: contactTypes, most: mostEntries });
  const contacts = hostContacts(entries, since);
  return { contacts: contacts.slice(0, mostHosts), areContactsWhole: isWhole && contacts.length <= mostHosts };
}

async function waitingNow(sources: ReportSources, since: number): Promise<Waiting[]> {
  const [lives, calls, clouds, approvals] = await Promise.all([
    sources.catalog.list(),
    sources.awaitedCalls.list(),
    sources.awaitedClouds.list(),
    sources.openApprovals(),
  ]);
  return whatWaits({ lives, calls, clouds, approvals, proposed: await proposedSince(sources, since - 31 * dayMs) });
}

/** Which versions the agent wrote is good to know; without the log it is only not said. */
async function proposedSince({ trail }: ReportSources, since: number): Promise<ReadonlySet<string>> {
  const asked = trail.entries({ since, types: ['revision-proposed'], most: 1000 });
  const { entries } = await asked.catch(() => ({ entries: [] }));
  return new Set(entries.map(({ details }) => String(details['hash'])));
}

function reasonOf(thrown: unknown): string {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  return isErrorCode(code) ? code : 'INTERNAL';
}
