import { createHash, type KeyObject, randomBytes, randomUUID } from 'node:crypto';

import type { NativeConnection } from '@temporalio/worker';

import type { Config } from '../domain/config/parse.ts';
import { engineAddresses, homePaths } from '../domain/config/paths.ts';
import { secretValues } from '../domain/config/secrets.ts';
import type { ModelPorts } from '../domain/models/store.ts';
import type { GpuBoard } from '../domain/gpu/ports.ts';
import type { NightPorts, NightRuntime } from '../domain/night/ports.ts';
import type { AgentRuntime, AuditLog, LogStream, OwnerPorts, Ports, TextHasher } from '../domain/ports.ts';
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
import { createModelPorts } from './model-ports.ts';
import { createMemoryNightWork } from './memory/night-work.ts';
import { createNightPorts } from './night-ports.ts';
import { createNightWork } from './night/work.ts';
import { createConfiguredResidency } from './configured-residency.ts';
import { createOllama } from './ollama.ts';
import { connectRedis, type RedisConnections } from './redis.ts';
import { createConfiguredSandbox } from './sandbox/configured.ts';
import { createSkillStores } from './skill-stores.ts';
import { createSkillSchedules } from './skill-schedules.ts';
import { connectTemporal } from './temporal-connection.ts';
import { createSkillPorts } from './skill-ports.ts';
import { createTemporalRuntime } from './temporal-runtime.ts';
import { createTemporalSchedules } from './temporal-schedules.ts';
import { createTemporalSkills } from './temporal-skills.ts';
import { ensureTestModels } from './test-model/ensure.ts';
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
  readonly modelPorts: ModelPorts;
  readonly nightPorts: NightPorts;
  readonly nightRuntime: NightRuntime;
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
  const ollama = createOllama({ url: addresses.ollama });
  const gpuBoard = createGpuBoard({ redis, worker: randomUUID() });
  const model = createConfiguredResidency({ config, model: ollama, board: gpuBoard });
  const vectors = createVectorStore({ url: addresses.chroma });
  const skillRuntime = createTemporalSkills({ connection, namespace, taskQueue, eagerStart });
  const skillPorts = createSkillPorts({
    config,
    nodeKey,
    audit,
    model,
    embedder: ollama,
    vectors,
    stores: createSkillStores(redis),
    skillRuntime,
    schedules: createSkillSchedules(redis),
    scheduleClock: createTemporalSchedules({ connection, namespace, taskQueue }),
    sandbox: await createConfiguredSandbox(config),
  });
  const keeping = createNightWork({ config, redis, vectors, catalog: skillPorts.catalog, audit, now: Date.now });
  const nightWork = { ...createMemoryNightWork(), ...keeping };
  return {
    connection,
    redis,
    ...createChatStores(redis),
    logs,
    lockdown: createLockdownStore({ redis, file: homePaths(config).lockdown }),
    holds: createHoldStore(redis),
    vectors,
    images: createImageFiles({ dir: homePaths(config).images }),
    model,
    gpuBoard,
    cloud: createConfiguredCloud({ config, redis, audit, logger }),
    embedder: ollama,
    testModels: { install: (signal) => ensureTestModels({ url: addresses.ollama, signal }) },
    audit,
    runtime: runtimeOver(connection, config, eagerStart),
    skillPorts,
    skillRuntime,
    modelPorts: createModelPorts({ config, connection, redis }),
    ...createNightPorts({ config, connection, redis, nightWork }),
    logger,
    hashText,
    async close() {
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

/** Opens the owner's ports; Temporal is only asked for when a command uses the runtime. */
export async function createOwnerPorts(config: Config, nodeKey: KeyObject): Promise<OwnerPorts> {
  const redis = connectRedis({ url: engineAddresses(config).redis });
  const audit = await openAudit(config, 'cli', nodeKey);
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

function openAudit(config: Config, process: string, privateKey: KeyObject): Promise<AuditLog> {
  return openAuditLog({
    dir: homePaths(config).audit,
    process,
    privateKey,
    now: Date.now,
    random: () => randomBytes(4).toString('hex'),
  });
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
