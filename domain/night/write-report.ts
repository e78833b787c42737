import type { AuditLog } from '../ports.ts';
import { gatherReport, reportSince, type ReportSources } from './gather-report.ts';
import type { NightReports, ReportStore } from './ports.ts';
import type { NightReport } from './report.ts';
import type { NightRun } from './run.ts';

/** What writing reports stands on. */
export type ReportWriting = {
  readonly sources: ReportSources;
  readonly reports: ReportStore;
  readonly audit: AuditLog;
  readonly now: () => number;
};

/** Writes reports: puts one together, keeps it signed, and tells the audit log its hash. */
export function createNightReports(writing: ReportWriting): NightReports {
  const { reports, audit } = writing;
  return {
    async write(run) {
      const report = (await writtenBefore(reports, run)) ?? (await gather(writing, run));
      const hash = await reports.write(report);
      const event = { type: 'report-signed', actor: 'talos', subject: run.id, details: { hash } } as const;
      await audit.appendOnce(event, report.writtenAt);
    },
  };
}

/** An attempt whose answer was lost may have written it already. */
async function writtenBefore(reports: ReportStore, { id }: NightRun): Promise<NightReport | undefined> {
  const view = await reports.get(id);
  return view?.sound === true ? view.report : undefined;
}

async function gather({ sources, reports, now }: ReportWriting, run: NightRun): Promise<NightReport> {
  const at = now();
  return gatherReport(sources, run, { since: await reportSince(reports, run, at), now: at });
}
