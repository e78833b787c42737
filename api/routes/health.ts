import { z } from 'zod';

import manifest from '../../package.json' with { type: 'json' };
import { isErrorCode } from '../../domain/errors.ts';
import type { Probe } from '../../domain/ports.ts';
import { within } from '../abort-when.ts';
import { callerOf } from '../caller.ts';
import type { ApiDeps } from '../deps.ts';
import { problems, type Route } from '../route.ts';

const EngineHealth = z
  .strictObject({
    state: z.enum(['ok', 'down']),
    latencyMs: z.number().optional(),
    reason: z.string().optional().meta({ description: 'A code, such as STORE_UNAVAILABLE or TIMEOUT' }),
  })
  .meta({ id: 'EngineHealth' });
type EngineHealth = z.infer<typeof EngineHealth>;

/** Body of `GET /health`. */
export const Health = z
  .strictObject({
    status: z.enum(['ok', 'degraded', 'unavailable']).meta({
      description: 'degraded: answers come without memory, or no model is there; unavailable: no message runs',
    }),
    version: z.string(),
    uptimeSeconds: z.int().nonnegative(),
    engines: z
      .strictObject({
        temporal: EngineHealth,
        redis: EngineHealth,
        chroma: EngineHealth,
        ollama: EngineHealth.optional(),
        openai: EngineHealth.optional(),
        embedded: EngineHealth.optional(),
      })
      .meta({ description: 'Of ollama, openai and embedded the one that LOCAL_ENGINE names' }),
    lockdown: z
      .boolean()
      .nullable()
      .optional()
      .meta({ description: "Told to the owner's socket only; null when it cannot be read" }),
  })
  .meta({ id: 'Health' });
export type Health = z.infer<typeof Health>;

/** An engine that takes longer than this counts as down. */
const probeMs = 1500;

/** Health is measured at most this often, however many ask. */
const cacheMs = 1000;

const { '401': _neverAsked, '503': refused, ...refusals } = problems();

const operation: Route['operation'] = {
  operationId: 'getHealth',
  summary: 'Whether Talos and its engines work; needs no sign-in',
  security: [],
  responses: {
    ...refusals,
    200: { description: 'Messages are answered', content: { 'application/json': { schema: Health } } },
    503: {
      description: `Temporal or Redis is down; or ${refused?.description}`,
      content: { 'application/json': { schema: Health }, ...refused?.content },
    },
  },
};

/** `GET /health`. */
export function healthRoutes(deps: Pick<ApiDeps, 'probes' | 'lockdown'>): Route[] {
  const startedAt = performance.now();
  const engines = createEngineCheck(deps.probes);
  return [
    {
      method: 'get',
      path: '/health',
      operation,
      async handle(request, response) {
        const { isOwner } = callerOf(request);
        const [found, lockdown] = await Promise.all([engines(), isOwner ? isLockedDown(deps) : undefined]);
        const status = statusOf(found);
        const health: Health = {
          status,
          version: manifest.version,
          uptimeSeconds: Math.floor((performance.now() - startedAt) / 1000),
          engines: found,
          ...(lockdown !== undefined && { lockdown }),
        };
        response.status(status === 'unavailable' ? 503 : 200).json(health);
      },
    },
  ];
}

/** Asks all engines at once; who asks while that runs, or shortly after, gets the same result. */
function createEngineCheck(probes: ApiDeps['probes']): () => Promise<Health['engines']> {
  let latest: { until: number; engines: Promise<Health['engines']> } | undefined;
  return () => {
    if (latest !== undefined && performance.now() < latest.until) return latest.engines;
    const check = { until: Number.POSITIVE_INFINITY, engines: checkEngines(probes) };
    latest = check;
    return check.engines.finally(() => {
      check.until = performance.now() + cacheMs;
    });
  };
}

async function checkEngines(probes: ApiDeps['probes']): Promise<Health['engines']> {
  const { temporal, redis, chroma, ...models } = probes;
  const [first, second, third, ...others] = await Promise.all([
    checkEngine(temporal),
    checkEngine(redis),
    checkEngine(chroma),
    ...Object.entries(models).map(async ([name, probe]) => [name, await checkEngine(probe)] as const),
  ]);
  return { temporal: first, redis: second, chroma: third, ...Object.fromEntries(others) };
}

async function checkEngine(probe: Probe): Promise<EngineHealth> {
  const startedAt = performance.now();
  try {
    await within(probeMs, (signal) => probe.ping(signal));
    return { state: 'ok', latencyMs: Math.round((performance.now() - startedAt) * 10) / 10 };
  } catch (thrown) {
    return { state: 'down', reason: reasonOf(thrown) };
  }
}

function reasonOf(thrown: unknown): string {
  if (thrown instanceof DOMException) return 'TIMEOUT';
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  return isErrorCode(code) ? code : 'INTERNAL';
}

function statusOf({ temporal, redis, ...others }: Health['engines']): Health['status'] {
  if (temporal.state === 'down' || redis.state === 'down') return 'unavailable';
  return Object.values(others).some((engine) => engine?.state === 'down') ? 'degraded' : 'ok';
}

async function isLockedDown({ lockdown }: Pick<ApiDeps, 'lockdown'>): Promise<boolean | null> {
  try {
    const { locked } = await within(probeMs, () => lockdown.state());
    return locked;
  } catch {
    return null; // Redis is down, which the engines tell already
  }
}
