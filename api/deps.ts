import type { AwaitedClouds, CloudState } from '../domain/cloud/ports.ts';
import type { Config } from '../domain/config/parse.ts';
import type { NightClock, NightRuns, NightRuntime, ReportReader } from '../domain/night/ports.ts';
import type { ImageStore } from '../domain/images/ports.ts';
import type { GpuReport } from '../domain/gpu/report.ts';
import type { ResidentModel } from '../domain/models/model.ts';
import type { ModelPorts } from '../domain/models/store.ts';
import type {
  AgentRuntime,
  ApprovalCodes,
  AuditLog,
  CodeBox,
  ConversationStore,
  LanguageModel,
  LockdownStore,
  Logger,
  LogStream,
  Probe,
  TextHasher,
  TokenStream,
} from '../domain/ports.ts';
import type {
  AwaitedCalls,
  ScheduleClock,
  SkillBundles,
  SkillCatalog,
  SkillDrafts,
  SkillRules,
  SkillRuns,
  SkillRuntime,
  SkillSchedules,
  SkillStore,
} from '../domain/skills/ports.ts';

/** The engines `/health` tells of: three that are always the same, and the one that runs local models. */
export type EngineProbes = Readonly<Record<'temporal' | 'redis' | 'chroma', Probe>> &
  Readonly<Partial<Record<Config['models']['engine'], Probe>>>;

/** Where the figures of `/metrics` come from; each may fail while its engine is away. */
export interface MetricSources {
  residentModels(): Promise<ResidentModel[]>;
  redisMemoryBytes(): Promise<number>;
  /** Over all collections. */
  vectorCount(): Promise<number>;
  skillCounts(): Promise<{ active: number; quarantine: number }>;
  /** How much work waits for the GPU slot. */
  gpuQueue(): Promise<number>;
  cloud(): Promise<CloudState>;
  /** What the GPUs there are do, those in use first. */
  gpus(): Promise<GpuReport[]>;
}

/** Everything the API stands on. */
export type ApiDeps = {
  readonly config: Config;
  readonly conversations: ConversationStore;
  readonly tokens: TokenStream;
  readonly logs: LogStream;
  readonly lockdown: LockdownStore;
  readonly audit: AuditLog;
  readonly runtime: AgentRuntime;
  readonly approvals: ApprovalCodes;
  /** Read by nobody but the owner. */
  readonly codeBox: Pick<CodeBox, 'codes'>;
  readonly images: ImageStore;
  readonly hashText: TextHasher;
  readonly skills: SkillStore;
  readonly catalog: SkillCatalog;
  readonly skillRuns: SkillRuns;
  readonly skillRuntime: SkillRuntime;
  readonly schedules: SkillSchedules;
  readonly scheduleClock: ScheduleClock;
  readonly checkInput: SkillRules['checkInput'];
  readonly skillBundles: SkillBundles;
  readonly awaitedCalls: AwaitedCalls;
  readonly awaitedClouds: AwaitedClouds;
  readonly drafts: SkillDrafts;
  readonly nightRuns: NightRuns;
  readonly nightClock: NightClock;
  readonly nightRuntime: NightRuntime;
  readonly model: Pick<LanguageModel, 'installed' | 'resident'>;
  readonly modelPorts: ModelPorts;
  readonly reports: ReportReader;
  readonly probes: EngineProbes;
  readonly metrics: MetricSources;
  /** Compares in constant time. */
  readonly verifyPassword: (password: string) => Promise<boolean>;
  readonly logger: Logger;
  readonly now: () => number;
  /** A fresh key for a message, a conversation or a request; a UUID in production. */
  readonly newKey: () => string;
};
