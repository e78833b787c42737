import type { ReportSummary } from './report.ts';

/** Clocks of two machines may be so far apart. */
const skewMs = 60_000;

/**
 * The report that was written last, of a list with the newest first. What was written while the clock was ahead does not stand before all
 * others until that time has come.
 */
export function newestReport(reports: readonly ReportSummary[], now: number): ReportSummary | undefined {
  return reports.find(({ writtenAt }) => writtenAt <= now + skewMs) ?? reports[0];
}
