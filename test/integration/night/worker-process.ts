import { randomUUID } from 'node:crypto';

import { NativeConnection } from '@temporalio/worker';

import { createActivities } from '../../../activities/index.ts';
import { connectRedis } from '../../../adapters/redis.ts';
import { createMemoryNightClock } from '../../../adapters/memory/night-clock.ts';
import { createNightRuns } from '../../../adapters/night-runs.ts';
import { buildBundle } from '../../../workers/bundle.ts';
import { createWorker } from '../../../workers/create-worker.ts';
import { createModelTwins } from '../../support/model-twins.ts';
import { createNightTwins } from '../../support/night-twins.ts';
import { twinPorts } from '../../support/talos.ts';

// A process that serves dream cycles of one task queue, for tests that kill it:
// node worker-process.ts <temporal> <redis> <key prefix> <task queue> <phase that hangs>
const [temporal = '', redisUrl = '', keyPrefix = '', taskQueue = '', hangs = ''] = process.argv.slice(2);
const connection = await NativeConnection.connect({ address: temporal });
const twins = createNightTwins();
twins.nightWork.follow(async (phase, { tell }) => {
  if (phase !== hangs) return undefined;
  tell('it hangs');
  return new Promise<never>(() => undefined);
});
const ports = twinPorts();
const unused = () => Promise.reject(new Error('no message runs here'));
const activities = createActivities({
  ...ports,
  runtime: {
    ping: unused,
    startMessage: unused,
    stopMessage: unused,
    decideCall: unused,
    decideCloud: unused,
    messageRun: unused,
    cancelMessages: unused,
    startLockdown: unused,
    endLockdown: unused,
  },
  nightPorts: {
    ...twins,
    nightRuns: createNightRuns(connectRedis({ url: redisUrl, keyPrefix })),
    nightClock: createMemoryNightClock(),
  },
  modelPorts: createModelTwins(),
  now: Date.now,
  newMarker: randomUUID,
  settings: {
    chatModel: '',
    visionModel: '',
    starterModel: '',
    embeddingModel: '',
    systemPrompt: '',
    contextTokens: 1,
    maxOutputTokens: 1,
    temperature: 0,
    think: false,
    cloud: { fallback: 'never', shareMemory: false, maxOutputTokens: 64 },
    maxLength: 1,
    memoryItems: 1,
    maxVectors: 100_000,
    trustLevel: 0,
    strikeThreshold: 3,
    consentSeconds: 1,
  },
});
const bundlePath = await buildBundle();
const { logger } = ports;
const worker = await createWorker('core', {
  connection,
  namespace: 'talos',
  taskQueue,
  activities,
  logger,
  bundlePath,
});
await worker.run();
