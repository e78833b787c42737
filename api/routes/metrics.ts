import { z } from 'zod';

import type { CloudState } from '../../domain/cloud/ports.ts';
import { GpuReport } from '../../domain/gpu/report.ts';
import { shortModelName, testModels } from '../../domain/models/choose.ts';
import { wantedModels } from '../../domain/models/local-engine.ts';
import { within } from '../abort-when.ts';
import type { ApiDeps, MetricSources } from '../deps.ts';
import { problems, type Route } from '../route.ts';
import { createSystemLoad, type SystemLoad } from '../system-load.ts';
import type { Traffic } from '../traffic.ts';

/** Stands for a figure whose source is away. */
const absent = -1;

/** A source that takes longer than this counts as away. */
const sourceMs = 1500;

/** What Prometheus asks for; a type with parameters is matched only by the same parameters. */
const prometheusText = 'text/plain; version=0.0.4';

const count = z.int().min(absent);

/** Body of `GET /metrics`. A figure that cannot be had is -1. */
export const MetricsReport = z
  .strictObject({
    vram: z.strictObject({
      state: GpuReport.shape.state.or(z.literal('unknown')),
      reason: GpuReport.shape.reason.meta({ description: 'Why the GPU is not used, in the state `error`' }),
      loaded_model: z.string().nullable().meta({ description: 'The chat model the engine holds' }),
      holder: z.string().nullable().meta({ description: 'The message or other work that has the GPU' }),
      since: z.int().nullable().meta({ description: 'When the state began, in milliseconds since 1970' }),
      waiting: count.meta({ description: 'How much work waits for the GPU' }),
      workers: count.meta({ description: 'Workers with a GPU; the state is that of one in use' }),
    }),
    gemini: z.strictObject({
      circuit_state: z.enum(['closed', 'open', 'half-open']),
      tokens_used_today: count,
      tokens_remaining: count,
      available: z.boolean(),
      active_model: z.string().nullable(),
      primary_model: z.string().nullable(),
      fallback_model: z.string().nullable(),
      notes: z.array(z.string()).meta({ description: 'What the owner should mend, such as a model that is gone' }),
    }),
    redis_mem_mb: z.number(),
    total_vectors: count,
    skills: z.strictObject({ active: count, quarantine: count }),
    system: z.strictObject({ cpu_percent: z.number(), mem_percent: z.number() }),
  })
  .meta({ id: 'MetricsReport' });
export type MetricsReport = z.infer<typeof MetricsReport>;

const noCloud: MetricsReport['gemini'] = {
  circuit_state: 'closed',
  tokens_used_today: 0,
  tokens_remaining: 0,
  available: false,
  active_model: null,
  primary_model: null,
  fallback_model: null,
  notes: [],
};

const operation: Route['operation'] = {
  operationId: 'getMetrics',
  summary: 'Figures of the system; as Prometheus text with Accept: text/plain',
  responses: {
    200: {
      description: 'The figures; -1 stands for one that cannot be had',
      content: {
        'application/json': { schema: MetricsReport },
        'text/plain': { schema: z.string().meta({ description: 'Prometheus exposition format' }) },
      },
    },
    ...problems(),
  },
};

/** `GET /metrics`. */
export function metricsRoutes(deps: Pick<ApiDeps, 'config' | 'metrics'>, traffic: Traffic): Route[] {
  const systemLoad = createSystemLoad();
  return [
    {
      method: 'get',
      path: '/metrics',
      operation,
      async handle(request, response) {
        const report = await readMetrics(deps, systemLoad());
        const answer = request.accepts(['application/json', 'text/plain', prometheusText]);
        if (typeof answer === 'string' && answer.startsWith('text/plain')) {
          response.set('Content-Type', traffic.contentType).send(await traffic.exposition(toGauges(report)));
        } else response.json(report);
      },
    },
  ];
}

async function readMetrics(
  { metrics, config }: Pick<ApiDeps, 'config' | 'metrics'>,
  system: SystemLoad,
): Promise<MetricsReport> {
  const [models, redisBytes, vectors, skills, waiting, gpus, cloud] = await Promise.all([
    orElse(undefined, () => metrics.residentModels()),
    orElse(Number.NaN, () => metrics.redisMemoryBytes()),
    orElse(absent, () => metrics.vectorCount()),
    orElse({ active: absent, quarantine: absent }, () => metrics.skillCounts()),
    orElse(absent, () => metrics.gpuQueue()),
    orElse(undefined, () => metrics.gpus()),
    orElse(undefined, () => metrics.cloud()),
  ]);
  return {
    vram: { ...describeGpus(gpus), loaded_model: answeringModel(models, wantedModels(config).embedding), waiting },
    gemini: describeCloud(cloud, config.cloud),
    redis_mem_mb: Number.isFinite(redisBytes) ? Math.round((redisBytes / 1024 ** 2) * 100) / 100 : absent,
    total_vectors: vectors,
    skills,
    system,
  };
}

type Models = Awaited<ReturnType<MetricSources['residentModels']>>;

/** The embedding model, or the built-in one in its place, is always welcome beside the one that answers, so it does not count. */
function answeringModel(models: Models | undefined, embedding: string): string | null {
  const embedders = [shortModelName(embedding), testModels.embedding];
  return models?.find(({ name }) => !embedders.includes(shortModelName(name)))?.name ?? null;
}

/** Without a worker nobody knows what the GPU does. */
function describeGpus(gpus: readonly GpuReport[] | undefined): Omit<MetricsReport['vram'], 'waiting' | 'loaded_model'> {
  const [first] = gpus ?? [];
  return {
    state: first?.state ?? 'unknown',
    ...(first?.reason !== undefined && { reason: first.reason }),
    holder: first?.holder ?? null,
    since: first?.since ?? null,
    workers: gpus?.length ?? absent,
  };
}

function describeCloud(state: CloudState | undefined, settings: ApiDeps['config']['cloud']): MetricsReport['gemini'] {
  if (state?.kind === 'not-configured') return noCloud;
  const { geminiModel, geminiFallbackModel } = settings;
  const models = { primary_model: geminiModel, fallback_model: geminiFallbackModel };
  if (state === undefined) return { ...noCloud, ...models, tokens_used_today: absent, tokens_remaining: absent };
  return {
    circuit_state: state.kind === 'paused' ? (state.isProbing ? 'half-open' : 'open') : 'closed',
    tokens_used_today: state.tokensUsed,
    tokens_remaining: state.tokensLeft,
    available: state.kind === 'ready',
    active_model: state.kind === 'ready' ? state.model : null,
    ...models,
    notes: [...state.notes],
  };
}

async function orElse<T>(fallback: T, read: () => Promise<T>): Promise<T> {
  try {
    return await within(sourceMs, read);
  } catch {
    return fallback; // the report says that the figure is missing; health says which engine is away
  }
}

function isSwitching({ state }: MetricsReport['vram']): boolean {
  return state === 'unloading' || state.startsWith('loading-');
}

function toGauges(report: MetricsReport): Record<string, { help: string; value: number }> {
  const { vram, gemini, skills, system } = report;
  return {
    talos_vram_model_loaded: { help: 'Whether a chat model is loaded', value: vram.loaded_model === null ? 0 : 1 },
    talos_vram_switching: { help: 'Whether a model is being loaded or unloaded', value: isSwitching(vram) ? 1 : 0 },
    talos_vram_error: { help: 'Whether the GPU rests after a failed load', value: vram.state === 'error' ? 1 : 0 },
    talos_gpu_held: { help: 'Whether some work has the GPU', value: vram.holder === null ? 0 : 1 },
    talos_gpu_workers: { help: 'Workers with a GPU', value: vram.workers },
    talos_gpu_waiting: { help: 'How much work waits for the GPU', value: vram.waiting },
    talos_gemini_available: { help: 'Whether a cloud model may be used', value: gemini.available ? 1 : 0 },
    talos_gemini_circuit_open: {
      help: 'Whether the cloud is left alone',
      value: gemini.circuit_state === 'closed' ? 0 : 1,
    },
    talos_gemini_tokens_used_today: { help: 'Cloud tokens used today', value: gemini.tokens_used_today },
    talos_gemini_tokens_remaining: { help: 'Cloud tokens left today', value: gemini.tokens_remaining },
    talos_redis_memory_megabytes: { help: 'Memory used by Redis', value: report.redis_mem_mb },
    talos_vectors_total: { help: 'Vectors in long-term memory', value: report.total_vectors },
    talos_skills_active: { help: 'Skills in use', value: skills.active },
    talos_skills_quarantined: { help: 'Skills in quarantine', value: skills.quarantine },
    talos_cpu_percent: { help: 'Load of the processors', value: system.cpu_percent },
    talos_memory_percent: { help: 'Memory in use', value: system.mem_percent },
  };
}
