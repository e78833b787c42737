import { randomUUID } from 'node:crypto';

import { DefaultLogger, NativeConnection, Runtime, type Worker } from '@temporalio/worker';

import { createActivities } from '../../activities/index.ts';
import { hashText } from '../../adapters/index.ts';
import { createMemoryAuditLog } from '../../adapters/memory/audit-log.ts';
import { createMemoryAwaitedClouds } from '../../adapters/memory/awaited-clouds.ts';
import { createMemoryChat } from '../../adapters/memory/conversation-store.ts';
import { createMemoryEmbedder } from '../../adapters/memory/embedder.ts';
import { createMemoryImageStore } from '../../adapters/memory/image-store.ts';
import { createMemoryHoldStore } from '../../adapters/memory/hold-store.ts';
import { createMemoryCloudModel } from '../../adapters/memory/cloud-model.ts';
import { createMemoryLanguageModel } from '../../adapters/memory/language-model.ts';
import { createMemoryLockdownStore } from '../../adapters/memory/lockdown-store.ts';
import { createMemoryLogStream } from '../../adapters/memory/log-stream.ts';
import { createMemoryVectorStore } from '../../adapters/memory/vector-store.ts';
import { createTemporalPulls } from '../../adapters/temporal-pulls.ts';
import { createTemporalRuntime } from '../../adapters/temporal-runtime.ts';
import { createTemporalSchedules } from '../../adapters/temporal-schedules.ts';
import { createTemporalSkills } from '../../adapters/temporal-skills.ts';
import type { ModelSettings } from '../../activities/model-settings.ts';
import type { MessageOptions, MessageRecord, MessageRef } from '../../domain/chat.ts';
import type { ModelPorts } from '../../domain/models/store.ts';
import type { Ports } from '../../domain/ports.ts';
import type { WorkerRole } from '../../domain/worker-role.ts';
import { buildBundle } from '../../workers/bundle.ts';
import { createWorker } from '../../workers/create-worker.ts';
import type { LifeSettings, SkillRunDueInput } from '../../workflows/messages.ts';
import { createNightTwins, createTestNight, type NightTwins, type TestNight } from './night-twins.ts';
import { createModelTwins } from './model-twins.ts';
import { createSkillTwins, type SkillTwins } from './skill-twins.ts';
import type { TestStack } from './stack.ts';

// What the SDK says of every failed attempt would bury what the tests say.
Runtime.install({ shutdownSignals: [], logger: new DefaultLogger('ERROR') });

/** Ports of a test: twins, so that only workflows, activities and the real Temporal server are under test. */
export type TestPorts = ReturnType<typeof twinPorts>;

/** Twins of everything but the runtime. */
export function twinPorts() {
  const { conversations, tokens } = createMemoryChat();
  const silent = { debug: noop, info: noop, warn: noop, error: noop };
  return {
    conversations,
    tokens,
    logs: createMemoryLogStream(),
    lockdown: createMemoryLockdownStore(),
    holds: createMemoryHoldStore(),
    vectors: createMemoryVectorStore(),
    images: createMemoryImageStore(),
    model: createMemoryLanguageModel(),
    awaitedClouds: createMemoryAwaitedClouds(),
    cloud: createMemoryCloudModel(),
    embedder: createMemoryEmbedder(),
    testModels: { install: async () => undefined },
    audit: createMemoryAuditLog(),
    logger: silent,
    hashText,
  } satisfies Omit<Ports, 'runtime'>;
}

/** How the models of a test are asked. */
const modelSettings = {
  chatModel: 'talos-test',
  starterModel: 'talos-test',
  visionModel: 'seeing',
  embeddingModel: 'talos-test-embed',
  systemPrompt: 'You are a test.',
  contextTokens: 4096,
  maxOutputTokens: 512,
  temperature: 0,
  think: false,
} as const;

type TalosOptions = {
  gpuWaitSeconds?: number;
  wrap?: (ports: TestPorts) => Omit<Ports, 'runtime'>;
  skills?: SkillTwins;
  life?: Partial<LifeSettings>;
  due?: Partial<Pick<SkillRunDueInput, 'catchUpMs' | 'queueWaitSeconds'>>;
  trustLevel?: number;
  consentSeconds?: number;
  models?: Partial<ModelSettings>;
  cloud?: Partial<ModelSettings['cloud']>;
  nights?: NightTwins;
  night?: TestNight;
  modelPorts?: Omit<ModelPorts, 'pullRuntime'>;
};

/** A Talos of workflows and activities on the shared Temporal server, on task queues of its own. */
export async function startTalos(
  stack: TestStack,
  {
    gpuWaitSeconds = 60,
    wrap = (ports) => ports,
    skills = createSkillTwins(),
    life,
    due = {},
    trustLevel = 0,
    consentSeconds = 60,
    models,
    cloud,
    nights = createNightTwins(),
    night = {},
    modelPorts = createModelTwins(),
  }: TalosOptions = {},
) {
  const connection = await NativeConnection.connect({ address: stack.temporal });
  const taskQueue = `test-${randomUUID().slice(0, 8)}`;
  const namespace = 'talos';
  const runtime = createTemporalRuntime({ connection, namespace, taskQueue, gpuWaitSeconds, eagerStart: true });
  const settings = { retryMs: 50, ...life };
  const skillRuntime = createTemporalSkills({
    connection,
    namespace,
    taskQueue,
    eagerStart: true,
    catalog: skills.catalog,
    settings,
  });
  const pullRuntime = createTemporalPulls({ connection, namespace, taskQueue, retryMs: 100 });
  const scheduleClock = createTemporalSchedules({ connection, namespace, taskQueue, settings: due });
  const { nightClock, nightRuntime, now } = createTestNight({ connection, namespace, taskQueue }, night);
  const twins = twinPorts();
  const ports = { ...twins, ...wrap(twins), runtime, audited: twins.audit };
  const activities = createActivities({
    ...ports,
    modelPorts: { ...modelPorts, pullRuntime },
    skillPorts: { ...skills, skillRuntime, scheduleClock },
    nightPorts: { ...nights, nightClock },
    now,
    newMarker: randomUUID,
    settings: {
      ...modelSettings,
      ...models,
      // A getter stays one: settings change while a message waits, for its worker may be another one by then.
      cloud: Object.defineProperties(
        { fallback: 'auto', shareMemory: false, maxOutputTokens: 256 },
        Object.getOwnPropertyDescriptors(cloud ?? {}),
      ),
      maxLength: 10_000,
      memoryItems: 5,
      maxVectors: 100_000,
      trustLevel,
      strikeThreshold: 3,
      consentSeconds,
    },
  });
  const deps = { connection, namespace, taskQueue, activities, logger: ports.logger, bundlePath: await buildBundle() };
  const running: { worker: Worker; done: Promise<void> }[] = [];

  return {
    ports,
    skills,
    skillRuntime,
    pullRuntime,
    scheduleClock,
    nights,
    nightClock,
    nightRuntime,
    taskQueue,
    connection,

    /** Starts the worker of a role; returns a stop. */
    async serve(role: WorkerRole): Promise<() => Promise<void>> {
      const worker = await createWorker(role, deps);
      const done = worker.run();
      running.push({ worker, done });
      return async () => {
        if (worker.getState() === 'RUNNING') worker.shutdown();
        await done;
      };
    },

    /** Accepts and starts a message as the API does. */
    async send(
      text: string,
      { options, ...ref }: Partial<MessageRef> & { options?: MessageOptions } = {},
    ): Promise<MessageRef> {
      const message = { conversation: ref.conversation ?? `c-${randomUUID()}`, key: ref.key ?? randomUUID() };
      const accepted = await ports.conversations.accept({
        ...message,
        text,
        createdAt: Date.now(),
        ...(options && { options }),
      });
      if (accepted.kind === 'conflict') throw new Error('the key belongs to another text');
      const after = accepted.after === undefined ? {} : { after: accepted.after };
      await runtime.startMessage({ ...message, ...after, summary: `${text.length} characters` });
      return message;
    },

    /** The record of a message once it is settled. */
    async settled(ref: MessageRef): Promise<MessageRecord> {
      const signal = AbortSignal.timeout(40_000);
      for await (const { event } of ports.tokens.follow(ref, { signal })) if (event.type === 'done') break;
      const record = await ports.conversations.message(ref);
      if (record === undefined) throw new Error('no such message');
      return record;
    },

    async close(): Promise<void> {
      for (const { worker } of running) if (worker.getState() === 'RUNNING') worker.shutdown();
      await Promise.all(running.map(({ done }) => done));
      await connection.close();
    },
  };
}

function noop(): void {
  return undefined;
}
