import { createPublicKey, type KeyObject, randomUUID } from 'node:crypto';

import type { NativeConnection } from '@temporalio/worker';

import type { AuditTrail } from '../domain/audit/trail.ts';
import type { AwaitedClouds, CloudModel } from '../domain/cloud/ports.ts';
import type { Config } from '../domain/config/parse.ts';
import { homePaths } from '../domain/config/paths.ts';
import type {
  NightPorts,
  NightReports,
  NightRuns,
  NightRuntime,
  NightWork,
  ReportStore,
} from '../domain/night/ports.ts';
import { createNightReports } from '../domain/night/write-report.ts';
import type { AuditLog, ConversationStore, LanguageModel, Probe, VectorStore } from '../domain/ports.ts';
import type { SkillPorts } from '../domain/skills/ports.ts';
import { knownZone } from '../domain/night/when.ts';
import { createHealthPhase } from './night/health.ts';
import { createReportFiles } from './night/report-files.ts';
import { createNightWork } from './night/work.ts';
import { createApprovalLedger } from './approval-ledger.ts';
import { createAuditTrail } from './audit-file-trail.ts';
import { createNightRuns } from './night-runs.ts';
import type { RedisConnections } from './redis.ts';
import { createTemporalNight } from './temporal-night.ts';

type NightOptions = {
  readonly config: Config;
  readonly connection: NativeConnection;
  readonly redis: RedisConnections;
  readonly nodeKey: KeyObject;
  readonly audit: AuditLog;
  readonly conversations: ConversationStore;
  readonly vectors: VectorStore;
  readonly model: LanguageModel;
  readonly cloud: Pick<CloudModel, 'state'>;
  readonly awaitedClouds: AwaitedClouds;
  readonly runtime: Probe;
  readonly skillPorts: Pick<SkillPorts, 'catalog' | 'skillRuns' | 'schedules' | 'awaitedCalls' | 'sandbox'>;
};

/** What the nightly maintenance stands on, as configured, in the time zone of this machine. */
export function createNightPorts(options: NightOptions): {
  readonly nightPorts: NightPorts;
  readonly nightRuntime: NightRuntime;
  readonly reports: ReportStore;
} {
  const { config, connection, redis, nodeKey } = options;
  const { temporal, upkeep, skills } = config;
  const { nightClock, nightRuntime } = createTemporalNight({
    connection,
    namespace: temporal.namespace,
    taskQueue: temporal.taskQueue,
    when: { hour: upkeep.dreamHour, minute: upkeep.dreamMinute, zone: knownZone(machineZone()) },
    settings: {
      softMs: Math.min(upkeep.dreamSoftCapSeconds, upkeep.dreamHardCapSeconds) * 1000,
      hardMs: upkeep.dreamHardCapSeconds * 1000,
      mayRevise: skills.trustLevel >= revisingTrust,
    },
  });
  const { reports: dir, audit } = homePaths(config);
  const trail = createAuditTrail(audit, createPublicKey(nodeKey));
  const reports = createReportFiles({ dir, nodeKey, now: Date.now, random: randomUUID });
  const nightRuns = createNightRuns(redis);
  const nightReports = reportsOver({ ...options, trail, nightRuns, reports });
  return {
    nightPorts: { nightRuns, nightClock, nightWork: workOver({ ...options, trail }), nightReports },
    nightRuntime,
    reports,
  };
}

function workOver({ skillPorts, ...options }: NightOptions & { readonly trail: AuditTrail }): NightWork {
  const { catalog, skillRuns, awaitedCalls, sandbox } = skillPorts;
  const sources = { ...options, catalog, skillRuns, awaitedCalls, ...(sandbox && { sandbox }), now: Date.now };
  return { ...createNightWork(sources), health: createHealthPhase(sources) };
}

type ReportOptions = NightOptions & {
  readonly trail: AuditTrail;
  readonly nightRuns: NightRuns;
  readonly reports: ReportStore;
};

function reportsOver({ skillPorts, trail, nightRuns, reports, ...options }: ReportOptions): NightReports {
  const { audit, conversations, awaitedClouds, redis } = options;
  const { catalog, schedules, awaitedCalls } = skillPorts;
  const ledger = createApprovalLedger(redis);
  const openApprovals = () => ledger.open(Date.now());
  const stores = { nightRuns, schedules, catalog, awaitedCalls, awaitedClouds, conversations };
  const sources = { ...stores, openApprovals, trail };
  return createNightReports({ sources, reports, audit, now: Date.now });
}

/** From this trust level on the night may draft a revision of a skill. */
const revisingTrust = 4;

/** TZ decides where it is set. */
function machineZone(): string | undefined {
  return new Intl.DateTimeFormat('en').resolvedOptions().timeZone;
}
