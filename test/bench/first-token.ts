import { randomUUID } from 'node:crypto';

import { createActivities } from '../../activities/index.ts';
import { createPorts } from '../../adapters/index.ts';
import { createOllama } from '../../adapters/ollama.ts';
import { messageId, type MessageRef } from '../../domain/chat.ts';
import { parseConfig } from '../../domain/config/parse.ts';
import { engineAddresses, homePaths } from '../../domain/config/paths.ts';
import type { ModelRequest } from '../../domain/models/model.ts';
import type { LanguageModel, TokenStream } from '../../domain/ports.ts';
import { loadEnvironment } from '../../infra/environment.ts';
import { readNodeKey } from '../../infra/node-key.ts';
import type { TestHome } from '../support/home.ts';
import { buildBundle } from '../../workers/bundle.ts';
import { createWorker } from '../../workers/create-worker.ts';
import { activitySettings } from '../../workers/start-workers.ts';
import { type Figures, figures, sequential } from './figures.ts';

const samples = 60;
const warmUp = 10;

/** Milliseconds from the start of the step `generateReply` until the first text is where readers get it, and of Ollama alone until its first text. */
export async function measureFirstToken(home: TestHome): Promise<{ bare: Figures; step: Figures }> {
  const parsed = parseConfig(loadEnvironment(home.env));
  const taskQueue = `bench-${randomUUID().slice(0, 8)}`;
  const config = { ...parsed, temporal: { ...parsed.temporal, taskQueue } };
  const nodeKey = readNodeKey(homePaths(config).nodeKey);
  const ports = await createPorts({ config, component: 'bench', nodeKey, eagerStart: true });
  const watch = createWatch(ports.tokens);
  const asked = createCapture(ports.model);
  const made = createActivities({
    ...ports,
    tokens: watch.tokens,
    model: asked.model,
    now: Date.now,
    newMarker: randomUUID,
    settings: await activitySettings(config),
  });
  const activities: typeof made = {
    ...made,
    generateReply: (order) => {
      watch.start(order);
      return made.generateReply(order);
    },
  };
  const deps = {
    connection: ports.connection,
    namespace: config.temporal.namespace,
    taskQueue,
    activities,
    logger: ports.logger,
    bundlePath: await buildBundle(),
  };
  const workers = await Promise.all([createWorker('core', deps), createWorker('gpu', deps)]);
  const done = Promise.all(workers.map((worker) => worker.run()));
  const ollama = createOllama({ url: engineAddresses(config).ollama });
  const bare: number[] = [];
  await sequential(samples, warmUp, async (index) => {
    const ref = { conversation: `bench-${randomUUID()}`, key: 'one' };
    await ports.conversations.accept({ ...ref, text: 'hello', createdAt: Date.now() });
    await ports.runtime.startMessage({ ...ref, summary: 'bench' });
    for await (const { event } of ports.tokens.follow(ref, { signal: AbortSignal.timeout(30_000) }))
      if (event.type === 'done') break;
    const took = await timeFirstText(ollama, asked.last());
    if (index >= warmUp) bare.push(took);
  });
  for (const worker of workers) worker.shutdown();
  await done;
  await ports.close();
  return { bare: figures(bare), step: figures(watch.samples().slice(warmUp)) };
}

/** Times each message from when it is told to start until its first text is in the stream. */
function createWatch(tokens: TokenStream) {
  const started = new Map<string, number>();
  const measured: number[] = [];
  const watched: TokenStream = {
    follow: (...given) => tokens.follow(...given),
    async append(ref, event) {
      await tokens.append(ref, event);
      const startedAt = started.get(messageId(ref));
      if (event.type !== 'text-delta' || startedAt === undefined) return;
      started.delete(messageId(ref));
      measured.push(performance.now() - startedAt);
    },
  };
  return {
    tokens: watched,
    start: ({ conversation, key }: MessageRef) => void started.set(messageId({ conversation, key }), performance.now()),
    samples: () => measured,
  };
}

/** The model, and the last request it got. */
function createCapture(model: LanguageModel) {
  let request: ModelRequest | undefined;
  return {
    model: {
      ...model,
      chat: (given: ModelRequest, signal: AbortSignal) => {
        request = given;
        return model.chat(given, signal);
      },
    },
    last(): ModelRequest {
      if (request === undefined) throw new Error('the model was not asked');
      return request;
    },
  };
}

async function timeFirstText(model: LanguageModel, request: ModelRequest): Promise<number> {
  const startedAt = performance.now();
  let took: number | undefined;
  for await (const event of model.chat(request, AbortSignal.timeout(30_000)))
    if (event.type === 'text-delta') took ??= performance.now() - startedAt;
  return took ?? Number.NaN;
}
