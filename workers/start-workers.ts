import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import type { Worker } from '@temporalio/worker';

import { createActivities } from '../activities/index.ts';
import type { ProcessPorts } from '../adapters/index.ts';
import type { Config } from '../domain/config/parse.ts';
import { engineAddresses } from '../domain/config/paths.ts';
import { TalosError } from '../domain/errors.ts';
import type { WorkerRole } from '../domain/worker-role.ts';
import { defaultSystemPrompt } from '../domain/prompt/system-prompt.ts';
import { createWorker } from './create-worker.ts';
import { proveSandbox, type SandboxState } from './prove-sandbox.ts';

/** Running workers of one process. `done` rejects when one of them fails for good. */
export type RunningWorkers = {
  readonly done: Promise<void>;
  /** What the sandbox of this process showed, or why none runs skills here; undefined where the role is not served. */
  readonly sandbox?: Promise<SandboxState>;
  stop(): Promise<void>;
};

/**
 * Starts the workers of the given roles on the ports of this process; resolves when they poll. The sandbox is put to the test behind
 * that, so that nobody waits for it to chat; its worker polls once it has been shown to hold, and else never.
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
  const running = createRunning((role) => createWorker(role, deps));
  await Promise.all(roles.filter((role) => role !== 'sandbox').map((role) => running.serve(role)));
  if (!roles.includes('sandbox')) return running;
  const sandbox = proveSandbox(ports.skillPorts.sandbox, ports).then(async (state) => {
    if (state.isProven) await running.serve('sandbox');
    return state;
  });
  sandbox.catch((error: unknown) => running.fail(error));
  return { ...running, sandbox };
}

/** Keeps workers that come one after another; without any, such as an API of its own, it never ends by itself. */
function createRunning(create: (role: WorkerRole) => Promise<Worker>) {
  const workers: { worker: Worker; run: Promise<void> }[] = [];
  const { promise: done, reject: fail } = Promise.withResolvers<void>();
  let isStopping = false;
  return {
    done,
    fail,
    async serve(role: WorkerRole): Promise<void> {
      const worker = await create(role);
      if (isStopping) return;
      const run = worker.run();
      workers.push({ worker, run });
      run.catch(fail);
    },
    async stop(): Promise<void> {
      isStopping = true;
      for (const { worker } of workers) shutdown(worker);
      await Promise.all(workers.map(({ run }) => run));
    },
  };
}

function shutdown(worker: Worker): void {
  if (worker.getState() === 'RUNNING') worker.shutdown();
}

async function activitySettings(config: Config) {
  const { models, chat, skills } = config;
  return {
    chatModel: models.coder,
    embeddingModel: models.embedding,
    ollamaAddress: engineAddresses(config).ollama,
    systemPrompt: await readSystemPrompt(models.systemPromptFile),
    contextTokens: models.contextTokens,
    maxOutputTokens: models.maxOutputTokens,
    temperature: models.temperature,
    think: models.think,
    maxLength: chat.maxLength,
    memoryItems: chat.memoryItems,
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
