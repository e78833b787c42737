import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import type { Worker } from '@temporalio/worker';

import { createActivities } from '../activities/index.ts';
import type { ProcessPorts } from '../adapters/index.ts';
import type { Config } from '../domain/config/parse.ts';
import { TalosError } from '../domain/errors.ts';
import { wantedModels } from '../domain/models/local-engine.ts';
import type { WorkerRole } from '../domain/worker-role.ts';
import { defaultSystemPrompt } from '../domain/prompt/system-prompt.ts';
import { createWorker } from './create-worker.ts';
import { openSandbox } from './open-sandbox.ts';
import manifest from '../package.json' with { type: 'json' };

/** Running workers of one process. `done` rejects when one of them fails for good. */
export type RunningWorkers = { readonly done: Promise<void>; stop(): Promise<void> };

/**
 * Starts the workers of the given roles on the ports of this process; resolves when they poll. The sandbox is put to the test behind
 * that, so that nobody waits for it to chat; until it has been shown to hold, every run is refused with the reason.
 */
export async function startWorkers(
  roles: readonly WorkerRole[],
  { config, ports, bundlePath }: { config: Config; ports: ProcessPorts; bundlePath: string },
): Promise<RunningWorkers> {
  const activities = createActivities({
    ...ports,
    now: Date.now,
    newMarker: randomUUID,
    settings: await activitySettings(config),
  });
  const { namespace, taskQueue } = config.temporal;
  const deps = { connection: ports.connection, namespace, taskQueue, activities, logger: ports.logger, bundlePath };
  const workers = await Promise.all(roles.map((role) => createWorker(role, deps)));
  const runs = Promise.all(workers.map((worker) => worker.run())).then(() => undefined);
  // A process without workers, such as an API of its own, never ends by itself.
  const done = workers.length === 0 ? new Promise<void>(() => undefined) : runs;
  if (roles.includes('gpu')) ports.gpuBoard.publish({ state: 'idle', since: Date.now() });
  const { sandbox, catalog } = ports.skillPorts;
  if (roles.includes('sandbox')) void openSandbox({ ...ports, sandbox, catalog, release: manifest.version });
  return {
    done,
    async stop() {
      for (const worker of workers) shutdown(worker);
      await runs;
    },
  };
}

function shutdown(worker: Worker): void {
  if (worker.getState() === 'RUNNING') worker.shutdown();
}

/** What activities are told of the configuration. */
export async function activitySettings(config: Config) {
  const { models, cloud, chat, chroma, skills } = config;
  const wanted = wantedModels(config);
  return {
    chatModel: wanted.chat,
    visionModel: wanted.vision,
    starterModel: models.starter,
    embeddingModel: wanted.embedding,
    systemPrompt: await readSystemPrompt(models.systemPromptFile),
    contextTokens: models.contextTokens,
    maxOutputTokens: models.maxOutputTokens,
    temperature: models.temperature,
    think: models.think,
    cloud: {
      fallback: cloud.fallback,
      shareMemory: cloud.shareMemory,
      maxOutputTokens: cloud.geminiMaxTokens,
    },
    maxLength: chat.maxLength,
    memoryItems: chat.memoryItems,
    maxVectors: chroma.maxVectors,
    trustLevel: skills.trustLevel,
    consentSeconds: skills.consentDays * 24 * 60 * 60,
    strikeThreshold: skills.strikeThreshold,
  };
}

async function readSystemPrompt(file: string | undefined): Promise<string> {
  if (file === undefined) return defaultSystemPrompt;
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new TalosError('CONFIG_INVALID', `SYSTEM_PROMPT_FILE names ${file}, which cannot be read.`, {
      cause,
      details: { field: 'SYSTEM_PROMPT_FILE' },
    });
  }
}
