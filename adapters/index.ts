import { createHash, type KeyObject, randomBytes, randomUUID } from 'node:crypto';

import type { NativeConnection } from '@temporalio/worker';

import type { Config } from '../domain/config/parse.ts';
import { engineAddresses, homePaths } from '../domain/config/paths.ts';
import { secretValues } from '../domain/config/secrets.ts';
import { toTalosError } from '../domain/errors.ts';
import type { GpuBoard } from '../domain/gpu/ports.ts';
import type { NightPorts, NightRuntime, ReportStore } from '../domain/night/ports.ts';
import type {
  AgentRuntime,
  AuditLog,
  LanguageModel,
  LogStream,
  OwnerPorts,
  Ports,
  TextHasher,
} from '../domain/ports.ts';
import type { ModelPorts } from '../domain/models/store.ts';
import type { SkillRuntime } from '../domain/skills/ports.ts';
import { openAuditLog } from './audit-file.ts';
import { createAwaitedClouds } from './awaited-clouds.ts';
import { createConfiguredCloud } from './cloud-configured.ts';
import type { CheckedCloud } from './cloud-model.ts';
import { createConversationStore } from './conversation-store.ts';
import { createGpuBoard } from './gpu-board.ts';
import { createImageFiles } from './image-files.ts';
import { createHoldStore } from './hold-store.ts';
import { createLockdownStore } from './lockdown-store.ts';
import { createLogStream } from './log-stream.ts';
import { createLogger } from './logger.ts';
import { createLocalModels, type LocalModels } from './local-models.ts';
import { createNightPorts } from './night-ports.ts';
import { createConfiguredResidency } from './configured-residency.ts';
import { createModelPorts } from './model-ports.ts';
import { connectRedis, type RedisConnections } from './redis.ts';
import { createConfiguredSandbox } from './sandbox/configured.ts';
import { createSkillStores } from './skill-stores.ts';
import { createSkillSchedules } from './skill-schedules.ts';
import { connectTemporal } from './temporal-connection.ts';
import { createSkillPorts } from './skill-ports.ts';
import { createTemporalRuntime } from './temporal-runtime.ts';
import { createTemporalSchedules } from './temporal-schedules.ts';
import { createTemporalSkills } from './temporal-skills.ts';
import { createTokenStream } from './token-stream.ts';
import { createVectorStore } from './vector-store.ts';

type PortOptions = {
  readonly config: Config;
  /** Name of the process in logs and audit segments. */
  readonly component: string;
  readonly nodeKey: KeyObject;
  /** Whether this process also runs a core worker on the same connection. */
  readonly eagerStart: boolean;
};

/** The real ports of a process with what it needs to start workers, and one call that closes everything. */
export type ProcessPorts = Ports & {
  readonly cloud: CheckedCloud;
  readonly skillPorts: ReturnType<typeof createSkillPorts>;
  readonly skillRuntime: SkillRuntime;
  readonly nightPorts: NightPorts;
  readonly nightRuntime: NightRuntime;
  readonly modelPorts: ModelPorts;
  readonly reports: ReportStore;
  readonly connection: NativeConnection;
  readonly redis: RedisConnections;
  readonly gpuBoard: GpuBoard;
  close(): Promise<void>;
};

/** SHA-256 as lower-case hex. */
export const hashText: TextHasher = (text) => createHash('sha256').update(text).digest('hex');

/** Opens every connection of a Talos process. Rejects with RUNTIME_UNAVAILABLE while Temporal is away; the rest may come later. */
export async function createPorts({ config, component, nodeKey, eagerStart }: PortOptions): Promise<ProcessPorts> {
  const addresses = engineAddresses(config);
  const { namespace, taskQueue } = config.temporal;
  const connection = await connectTemporal(config);
  const redis = connectRedis({ url: addresses.redis });
  const logs = createLogStream(redis);
  const logger = await openLogger(config, component, logs);
  const audit = await openAudit(config, component, nodeKey);
  const local = createLocalModels(config, audit);
  const gpuBoard = createGpuBoard({ redis, worker: randomUUID() });
  const model = residentModels(config, local, gpuBoard);
  const vectors = createVectorStore({ url: addresses.chroma });
  const skillStores = createSkillStores(redis);
  const { catalog } = skillStores;
  const skillRuntime = createTemporalSkills({ connection, namespace, taskQueue, eagerStart, catalog });
  const skillPorts = createSkillPorts({
    config,
    nodeKey,
    audit,
    model,
    embedder: local.embedder,
    vectors,
    stores: skillStores,
    skillRuntime,
    schedules: createSkillSchedules(redis),
    scheduleClock: createTemporalSchedules({ connection, namespace, taskQueue }),
    sandbox: await createConfiguredSandbox(config),
  });
  const chat = createChatStores(redis);
  const cloud = createConfiguredCloud({ config, redis, audit, logger });
  const runtime = runtimeOver(connection, config, eagerStart);
  const shared = { ...chat, connection, redis, vectors, model, cloud, audit, runtime, skillPorts };
  return {
    ...shared,
    logs,
    lockdown: createLockdownStore({ redis, file: homePaths(config).lockdown }),
    holds: createHoldStore(redis),
    images: createImageFiles({ dir: homePaths(config).images }),
    gpuBoard,
    embedder: local.embedder,
    testModels: local.testModels,
    skillRuntime,
    ...createNightPorts({ ...shared, config, nodeKey }),
    modelPorts: createModelPorts({ config, connection, redis }),
    logger,
    hashText,
    async close() {
      local.close();
      await skillPorts.sandbox.close();
      await audit.close();
      await connection.close();
      await gpuBoard.close();
      await redis.close();
      await logger.close();
    },
  };
}

function createChatStores(redis: RedisConnections): Pick<Ports, 'conversations' | 'tokens' | 'awaitedClouds'> {
  return {
    conversations: createConversationStore(redis),
    tokens: createTokenStream(redis),
    awaitedClouds: createAwaitedClouds(redis),
  };
}

/** Opens the owner's ports; Temporal is only asked for when a command uses the runtime, the key when something goes on record. */
export async function createOwnerPorts(config: Config, nodeKey: () => KeyObject): Promise<OwnerPorts> {
  const audit = await openOwnerAudit(config, nodeKey);
  const redis = connectRedis({ url: engineAddresses(config).redis });
  let connection: Promise<NativeConnection> | undefined;
  const runtime = lazyRuntime(async () => {
    connection ??= connectTemporal(config);
    return runtimeOver(await connection, config, false);
  });
  return {
    lockdown: createLockdownStore({ redis, file: homePaths(config).lockdown }),
    holds: createHoldStore(redis),
    audit,
    runtime,
    async close() {
      await audit.close();
      await redis.close();
      await connection?.then(
        (open) => open.close(),
        () => undefined, // it never opened
      );
    },
  };
}

function openLogger(config: Config, component: string, stream: LogStream) {
  const { logLevel, tier2Days, tier3Days } = config.upkeep;
  return createLogger({
    paths: homePaths(config),
    level: logLevel,
    keepDays: { operations: tier2Days, debug: tier3Days },
    component,
    stream,
    secrets: secretValues(config),
  });
}

/** One model at a time has the memory of the GPU, as far as that is ours to decide. */
function residentModels(config: Config, { model, ownsMemory }: LocalModels, board: GpuBoard): LanguageModel {
  return ownsMemory ? createConfiguredResidency({ config, model, board }) : model;
}

function openAudit(config: Config, process: string, privateKey: KeyObject): Promise<AuditLog> {
  return openAuditLog({
    dir: homePaths(config).audit,
    process,
    privateKey,
    now: Date.now,
    random: () => randomBytes(4).toString('hex'),
  });
}

/** Without its key the log refuses every entry with the reason: a panic takes hold all the same, and nothing else does. */
async function openOwnerAudit(config: Config, nodeKey: () => KeyObject): Promise<AuditLog> {
  try {
    return await openAudit(config, 'cli', nodeKey());
  } catch (error) {
    const refuse = () => Promise.reject(toTalosError(error));
    return { append: refuse, appendOnce: refuse, close: () => Promise.resolve() };
  }
}

function runtimeOver(connection: NativeConnection, config: Config, eagerStart: boolean): AgentRuntime {
  return createTemporalRuntime({
    connection,
    namespace: config.temporal.namespace,
    taskQueue: config.temporal.taskQueue,
    gpuWaitSeconds: config.models.vramTimeoutSeconds,
    eagerStart,
  });
}

function lazyRuntime(open: () => Promise<AgentRuntime>): AgentRuntime {
  return {
    ping: async (signal) => (await open()).ping(signal),
    startMessage: async (start) => (await open()).startMessage(start),
    stopMessage: async (ref) => (await open()).stopMessage(ref),
    decideCall: async (ref, decision) => (await open()).decideCall(ref, decision),
    decideCloud: async (ref, decision) => (await open()).decideCloud(ref, decision),
    messageRun: async (ref) => (await open()).messageRun(ref),
    cancelMessages: async () => (await open()).cancelMessages(),
    startLockdown: async (order) => (await open()).startLockdown(order),
    endLockdown: async (by) => (await open()).endLockdown(by),
  };
}
