import { z } from 'zod';

import type { ModelName } from './name.ts';

/** What a model server tells while it pulls. */
export type PullEvent =
  | {
      readonly type: 'manifest';
      /** What the model must be listed with. */
      readonly digest: string;
      /** What it is listed with by a server that writes the manifest anew. */
      readonly rewritten?: string;
      readonly layers: readonly { readonly digest: string; readonly totalBytes: number }[];
    }
  | { readonly type: 'layer'; readonly digest: string; readonly totalBytes: number; readonly completedBytes: number }
  | { readonly type: 'verifying' };

const bytes = z.int().nonnegative();

/** How far a pull is. */
export const PullProgress = z.strictObject({
  step: z.enum(['waiting', 'downloading', 'verifying']),
  completedBytes: bytes,
  /** Of the layers known so far. */
  totalBytes: bytes,
  /** 100 only when all is there and checked. */
  percent: z.int().min(0).max(100),
  bytesPerSecond: bytes.optional(),
  etaSeconds: z.int().nonnegative().optional(),
});
export type PullProgress = z.infer<typeof PullProgress>;

/** What is known of a pull. `model` is the name as it will be listed; `error` of a running one says why it waits. */
export const ModelPull = z
  .strictObject({
    model: z.string().meta({ example: 'qwen2.5-coder:7b' }),
    host: z.string().meta({ description: 'Where it comes from', example: 'registry.ollama.ai' }),
    state: z.enum(['running', 'done', 'failed', 'cancelled']),
    ...PullProgress.shape,
    attempt: z.int().positive(),
    startedAt: z.int(),
    updatedAt: z.int(),
    finishedAt: z.int().optional(),
    digest: z.string().optional(),
    error: z.strictObject({ code: z.string(), message: z.string() }).optional(),
  })
  .meta({ id: 'ModelPull' });
export type ModelPull = z.infer<typeof ModelPull>;

/** How a pull ended. */
export type PullEnd =
  | { readonly state: 'done'; readonly digest: string; readonly sizeBytes: number; readonly receivedBytes: number }
  | { readonly state: 'cancelled' }
  | { readonly state: 'failed'; readonly error: { readonly code: string; readonly message: string } };

type Layer = { readonly totalBytes: number; readonly completedBytes: number };

/** What was heard of a pull so far. `receivedBytes` leaves out what an earlier attempt had brought. */
export type PullTrack = {
  /** What the registry named, where it told. */
  readonly manifest?: Extract<PullEvent, { type: 'manifest' }>;
  readonly step: PullProgress['step'];
  readonly layers: Readonly<Record<string, Layer>>;
  readonly receivedBytes: number;
  readonly samples: readonly { readonly at: number; readonly receivedBytes: number }[];
};

/** A pull of which nothing was heard yet. */
export const newTrack: PullTrack = { step: 'waiting', layers: {}, receivedBytes: 0, samples: [] };

/** A pull that was asked for a moment ago. */
export function freshPull({ listed, host }: Pick<ModelName, 'listed' | 'host'>, at: number): ModelPull {
  const track = progressOf(newTrack, at);
  return { model: listed, host, state: 'running', ...track, attempt: 1, startedAt: at, updatedAt: at };
}

/** So many pulls are remembered after their end. */
export const mostEndedPulls = 100;

/** The models whose pulls are forgotten: of those that have ended, all but the last. */
export function forgottenPulls(pulls: readonly ModelPull[]): string[] {
  const ended = pulls.filter(({ state }) => state !== 'running');
  const newestFirst = ended.toSorted((a, b) => b.updatedAt - a.updatedAt);
  return newestFirst.slice(mostEndedPulls).map(({ model }) => model);
}

/** The rate is that of so many last milliseconds. */
const windowMs = 10_000;
const sampleEveryMs = 250;

/** Takes in one event; `at` is in milliseconds. */
export function trackPull(track: PullTrack, event: PullEvent, at: number): PullTrack {
  if (event.type === 'verifying') return { ...track, step: 'verifying' };
  if (event.type === 'manifest') return { ...track, manifest: event };
  const { digest, totalBytes } = event;
  const completedBytes = Math.min(event.completedBytes, totalBytes);
  // What a layer has when it is first heard of came earlier.
  const before = track.layers[digest]?.completedBytes ?? completedBytes;
  const receivedBytes = track.receivedBytes + Math.max(0, completedBytes - before);
  return {
    ...track,
    step: 'downloading',
    layers: { ...track.layers, [digest]: { totalBytes, completedBytes } },
    receivedBytes,
    samples: withSample(track.samples, { at, receivedBytes }),
  };
}

/** How far a pull is at a moment. */
export function progressOf(track: PullTrack, at: number): PullProgress {
  const totalBytes = wholeBytes(track);
  const completedBytes = comeBytes(track);
  const bytesPerSecond = rateOf(track, at);
  const percent = totalBytes === 0 ? 0 : Math.min(99, Math.floor((completedBytes / totalBytes) * 100));
  return {
    step: track.step,
    completedBytes,
    totalBytes,
    percent,
    ...(bytesPerSecond !== undefined && { bytesPerSecond }),
    ...(bytesPerSecond !== undefined &&
      bytesPerSecond > 0 && { etaSeconds: Math.ceil((totalBytes - completedBytes) / bytesPerSecond) }),
  };
}

/** How many bytes are still to come of what is known so far. `onDisk` is what lies there of it already. */
export function missingBytes(track: PullTrack, onDisk: number): number {
  return Math.max(0, wholeBytes(track) - Math.max(onDisk, comeBytes(track)));
}

/** The layers known so far, whoever told of them. */
export function knownLayers({ manifest, layers }: PullTrack): string[] {
  return [...new Set([...(manifest?.layers ?? []).map(({ digest }) => digest), ...Object.keys(layers)])];
}

function wholeBytes({ manifest, layers }: PullTrack): number {
  const named = manifest === undefined ? 0 : sum(manifest.layers.map(({ totalBytes }) => totalBytes));
  return Math.max(named, sum(Object.values(layers).map(({ totalBytes }) => totalBytes)));
}

function comeBytes({ layers }: PullTrack): number {
  return sum(Object.values(layers).map(({ completedBytes }) => completedBytes));
}

function withSample(samples: PullTrack['samples'], sample: PullTrack['samples'][number]): PullTrack['samples'] {
  const last = samples.at(-1);
  if (last !== undefined && Math.abs(sample.at - last.at) < sampleEveryMs) return samples;
  // What lies ahead was seen before the clock was set back.
  return [...samples.filter(({ at }) => at <= sample.at && sample.at - at <= windowMs), sample];
}

/** Undefined until a second has been seen. */
function rateOf({ samples, receivedBytes }: PullTrack, at: number): number | undefined {
  const oldest = samples.find((sample) => at - sample.at <= windowMs) ?? samples.at(-1);
  if (oldest === undefined || at - oldest.at < 1000) return undefined;
  return Math.round(((receivedBytes - oldest.receivedBytes) / (at - oldest.at)) * 1000);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
