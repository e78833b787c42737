import { afterEach, describe, expect, test } from 'vitest';

import type { MetricSources } from '../../../api/deps.ts';
import { Health } from '../../../api/routes/health.ts';
import { MetricsReport } from '../../../api/routes/metrics.ts';
import type { GpuReport } from '../../../domain/gpu/report.ts';
import { type ErrorCode, TalosError } from '../../../domain/errors.ts';
import { startApi, type TestApi } from './support.ts';

let api: TestApi;
afterEach(() => api.close());

const up = { ping: async () => undefined };
const hanging = { ping: () => new Promise<void>(() => {}) };
const down = (code: ErrorCode) => ({ ping: () => Promise.reject(new TalosError(code, 'secret address 10.0.0.1')) });
const probes = { temporal: up, redis: up, chroma: up, ollama: up };

describe('GET /health', () => {
  test('tells that all is well', async () => {
    api = await startApi({ deps: { probes } });
    const { status, body } = await api.call('/health');
    expect(status).toBe(200);
    expect(Health.parse(body)).toMatchObject({ status: 'ok', version: '4.0.0', engines: { redis: { state: 'ok' } } });
    expect(body).not.toHaveProperty('lockdown');
  });

  test.each([
    { engine: 'chroma', code: 'VECTORS_UNAVAILABLE', expected: 200, state: 'degraded' },
    { engine: 'ollama', code: 'MODEL_UNAVAILABLE', expected: 200, state: 'degraded' },
    { engine: 'redis', code: 'STORE_UNAVAILABLE', expected: 503, state: 'unavailable' },
    { engine: 'temporal', code: 'RUNTIME_UNAVAILABLE', expected: 503, state: 'unavailable' },
  ] as const)('without $engine says so by a code alone', async ({ engine, code, expected, state }) => {
    api = await startApi({ deps: { probes: { ...probes, [engine]: down(code) } } });
    const { status, body, text } = await api.call('/health');
    expect({ status, body }).toMatchObject({
      status: expected,
      body: { status: state, engines: { [engine]: { state: 'down', reason: code } } },
    });
    expect(text).not.toContain('secret');
  });

  test('does not wait for an engine that never answers', async () => {
    api = await startApi({ deps: { probes: { ...probes, ollama: hanging, redis: hanging } } });
    const { status, body } = await api.call('/health', { signal: AbortSignal.timeout(2000) });
    expect({ status, body }).toMatchObject({
      status: 503,
      body: { engines: { ollama: { state: 'down', reason: 'TIMEOUT' }, temporal: { state: 'ok' } } },
    });
  });

  test('asks the engines once for all who ask at once, and shortly after', async () => {
    let pings = 0;
    const gate = Promise.withResolvers<void>();
    const ping = async (): Promise<void> => {
      pings += 1;
      await gate.promise;
    };
    api = await startApi({ deps: { probes: { ...probes, chroma: { ping } } } });
    const asked = Array.from({ length: 20 }, () => api.call('/health'));
    gate.resolve();
    await Promise.all(asked);
    await api.call('/health');
    expect(pings).toBe(1);
  });

  test('tells the owner whether Talos is locked down', async () => {
    api = await startApi();
    expect((await api.own('/health')).body).toMatchObject({ lockdown: false });
    await api.lockdown.lock({ reason: 'test', by: 'owner', at: 1 });
    expect((await api.own('/health')).body).toMatchObject({ lockdown: true });
  });

  test('answers the owner also when the lockdown cannot be read', async () => {
    const state = () => Promise.reject(new TalosError('STORE_UNAVAILABLE', 'away'));
    api = await startApi({ deps: { lockdown: { state, lock: state, unlock: state } } });
    expect(await api.own('/health')).toMatchObject({ status: 200, body: { lockdown: null } });
  });
});

describe('GET /metrics', () => {
  const figures: MetricSources = {
    residentModels: async () => [
      { name: 'talos-test-embed:latest', sizeBytes: 1, vramBytes: 0 },
      { name: 'nomic-embed-text:latest', sizeBytes: 1, vramBytes: 1 },
      { name: 'qwen2.5-coder:7b', sizeBytes: 5, vramBytes: 5 },
    ],
    redisMemoryBytes: async () => 3.5 * 1024 ** 2,
    vectorCount: async () => 42,
    skillCounts: async () => ({ active: 3, quarantine: 1 }),
    gpuQueue: async () => 2,
    cloud: async () => ({ kind: 'not-configured' }),
    gpus: async () => [
      { state: 'ready', model: 'qwen2.5-coder:7b', holder: 'kitchen.1', since: 7 },
      { state: 'idle', since: 8 },
    ],
  };

  test('tells the figures', async () => {
    api = await startApi({ deps: { metrics: figures } });
    const { status, body } = await api.ask('/metrics');
    expect(status).toBe(200);
    const report = MetricsReport.parse(body);
    expect(report).toMatchObject({
      vram: {
        state: 'ready',
        loaded_model: 'qwen2.5-coder:7b',
        holder: 'kitchen.1',
        since: 7,
        waiting: 2,
        workers: 2,
      },
      gemini: { available: false, circuit_state: 'closed', tokens_used_today: 0, tokens_remaining: 0 },
      redis_mem_mb: 3.5,
      total_vectors: 42,
      skills: { active: 3, quarantine: 1 },
    });
    for (const load of Object.values(report.system)) expect(load >= 0 && load <= 100).toBe(true);
  });

  test('tells what it can when its sources fail or hang', async () => {
    const fail = () => Promise.reject(new TalosError('STORE_UNAVAILABLE', 'away'));
    const metrics = {
      residentModels: fail,
      redisMemoryBytes: fail,
      vectorCount: fail,
      skillCounts: fail,
      gpuQueue: () => new Promise<number>(() => {}),
      cloud: fail,
      gpus: fail,
    };
    api = await startApi({ deps: { metrics } });
    const { status, body } = await api.ask('/metrics');
    expect({ status, body: MetricsReport.parse(body) }).toMatchObject({
      status: 200,
      body: {
        vram: { state: 'unknown', loaded_model: null, holder: null, since: null, waiting: -1, workers: -1 },
        redis_mem_mb: -1,
        total_vectors: -1,
        skills: { active: -1, quarantine: -1 },
        gemini: { available: false, tokens_used_today: -1, tokens_remaining: -1, primary_model: 'gemini-3.8-flash' },
      },
    });
  });

  test.each([
    [
      { kind: 'ready', tokensLeft: 900 },
      { circuit_state: 'closed', tokens_remaining: 900, available: true, active_model: 'm' },
    ],
    [
      { kind: 'paused', tokensLeft: 900, until: 5, isProbing: false },
      { circuit_state: 'open', available: false, active_model: null },
    ],
    [
      { kind: 'paused', tokensLeft: 900, until: 5, isProbing: true },
      { circuit_state: 'half-open', available: false },
    ],
    [
      { kind: 'spent', tokensLeft: 0, until: 5 },
      { circuit_state: 'closed', tokens_remaining: 0, available: false },
    ],
  ] as const)('tells of a cloud that is %j', async (state, expected) => {
    const cloud = async () => ({ model: 'm', tokensUsed: 100, notes: ['mend this'], ...state });
    api = await startApi({ deps: { metrics: { ...figures, cloud } } });
    const { body } = await api.ask('/metrics');
    const models = { primary_model: 'gemini-3.8-flash', fallback_model: 'gemini-3.5-flash-lite' };
    const { gemini } = MetricsReport.parse(body);
    expect(gemini).toMatchObject({ tokens_used_today: 100, notes: ['mend this'], ...models, ...expected });
    const text = (await api.ask('/metrics', { headers: { accept: 'text/plain' } })).text;
    expect(text).toContain(`talos_gemini_circuit_open ${gemini.circuit_state === 'closed' ? 0 : 1}`);
  });

  test('says why the GPU rests, and knows nothing of it once no worker is there', async () => {
    const gpus: GpuReport[] = [{ state: 'error', model: 'qwen2.5-coder:7b', since: 7, reason: 'load-timed-out' }];
    api = await startApi({ deps: { metrics: { ...figures, gpus: async () => gpus } } });
    expect((await api.ask('/metrics')).body).toMatchObject({ vram: { state: 'error', reason: 'load-timed-out' } });
    gpus.length = 0;
    expect((await api.ask('/metrics')).body).toMatchObject({ vram: { state: 'unknown', holder: null, workers: 0 } });
  });

  test('speaks to Prometheus', async () => {
    api = await startApi({ deps: { metrics: figures } });
    await api.say('hi');
    await api.ask('/chat/never-heard.of-it');
    await api.ask('/made-up-path');
    const { headers, text } = await api.ask('/metrics', {
      headers: { accept: 'text/plain;version=0.0.4;q=0.5,*/*;q=0.1' },
    });
    expect(headers['content-type']).toMatch(/^text\/plain; .*version=0.0.4/);
    expect(text.split('\n')).toEqual(
      expect.arrayContaining([
        'talos_vectors_total 42',
        'talos_gpu_held 1',
        'talos_gpu_workers 2',
        'talos_vram_error 0',
        'talos_redis_memory_megabytes 3.5',
        'talos_messages_total{outcome="answered"} 1',
        'talos_http_requests_total{method="POST",route="/chat",status="200"} 1',
        'talos_http_requests_total{method="GET",route="/chat/:id",status="404"} 1',
        'talos_http_requests_total{method="GET",route="none",status="404"} 1',
        'talos_http_request_duration_seconds_count{method="POST",route="/chat"} 1',
      ]),
    );
    expect(text).not.toContain('never-heard');
  });
});
