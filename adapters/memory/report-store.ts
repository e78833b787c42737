import { createHash } from 'node:crypto';

import { canonicalJson } from '../../domain/canonical-json.ts';
import { newestReport } from '../../domain/night/newest-report.ts';
import type { ReportStore } from '../../domain/night/ports.ts';
import { NightReport } from '../../domain/night/report.ts';
import type { NightRunId } from '../../domain/night/run.ts';

/** Reports in memory, where nobody can change them. */
export function createMemoryReportStore(now: () => number = Date.now): ReportStore {
  const kept = new Map<NightRunId, NightReport>();
  const newestFirst = () => [...kept.values()].toSorted((a, b) => b.writtenAt - a.writtenAt);
  const view = (report: NightReport | undefined) =>
    report && { id: report.id, sound: true, problems: [], report: structuredClone(report) };
  const list = () => newestFirst().map(({ id, writtenAt, run }) => ({ id, writtenAt, sound: true, state: run.state }));
  return {
    async write(report) {
      if (!kept.has(report.id)) kept.set(report.id, NightReport.parse(report));
      return hashOf(kept.get(report.id));
    },
    get: async (id) => view(kept.get(id)),
    latest: async () => view(kept.get(newestReport(list(), now())?.id ?? '')),
    list: async () => list(),
  };
}

function hashOf(report: NightReport | undefined): string {
  const text = canonicalJson(JSON.parse(JSON.stringify(report ?? null)));
  return createHash('sha256').update(text).digest('hex');
}
