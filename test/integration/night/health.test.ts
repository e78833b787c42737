import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';

import { openAuditLog } from '../../../adapters/audit-file.ts';
import { createAuditTrail } from '../../../adapters/audit-file-trail.ts';
import { createAwaitedCalls } from '../../../adapters/awaited-calls.ts';
import { createAwaitedClouds } from '../../../adapters/awaited-clouds.ts';
import { createHealthPhase, type HealthSources } from '../../../adapters/night/health.ts';
import { createOllama } from '../../../adapters/ollama.ts';
import { connectRedis } from '../../../adapters/redis.ts';
import { createSkillCatalog } from '../../../adapters/skill-catalog.ts';
import { createSkillRuns } from '../../../adapters/skill-runs.ts';
import { ensureTestModels } from '../../../adapters/test-model/ensure.ts';
import { createVectorStore } from '../../../adapters/vector-store.ts';
import { parseConfig } from '../../../domain/config/parse.ts';
import { TalosError } from '../../../domain/errors.ts';
import { createSkillTwins } from '../../support/skill-twins.ts';
import { scratchFolder } from '../../support/scratch-folder.ts';
import { hashOf, inUse } from '../../unit/domain/skills/build.ts';
import { connectTestRedis } from '../stores/support.ts';

/** Nothing listens there. */
const deadUrl = 'http://127.0.0.1:9';
const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const home = scratchFolder();
const dir = join(home, 'logs/tier1');
const stack = inject('stack');
const redis = connectTestRedis(stack.redis);
const deadRedis = connectRedis({ url: 'redis://127.0.0.1:9' });
afterAll(() => Promise.all([redis.close(), deadRedis.close()]));

beforeAll(async () => {
  const random = () => randomBytes(4).toString('hex');
  const audit = await openAuditLog({ dir, process: 'test', privateKey, now: Date.now, random });
  await audit.append({ type: 'skill-run', actor: 'talos' });
  await audit.close();
  await ensureTestModels({ url: stack.ollama, signal: AbortSignal.timeout(30_000) });
});

/** The phase over the real engines; `changes` puts something else in their place. */
function phase(changes: Partial<HealthSources> = {}) {
  return createHealthPhase({
    config: parseConfig({ TALOS_HOME: home, QWEN_CODER_MODEL: 'talos-test', EMBEDDING_MODEL: 'talos-test-embed' }),
    redis,
    runtime: { ping: async () => undefined },
    vectors: createVectorStore({ url: stack.chroma }),
    model: createOllama({ url: stack.ollama }),
    cloud: { state: async () => ({ kind: 'not-configured' }) },
    sandbox: createSkillTwins().sandbox,
    trail: createAuditTrail(dir, publicKey),
    catalog: createSkillCatalog(redis),
    skillRuns: createSkillRuns(redis),
    awaitedCalls: createAwaitedCalls(redis),
    awaitedClouds: createAwaitedClouds(redis),
    now: Date.now,
    ...changes,
  });
}

async function look(changes: Partial<HealthSources> = {}, signal = new AbortController().signal) {
  const outcome = await phase(changes)({ signal, tell: () => undefined });
  // How busy and how full the machine of a test is says nothing of Talos.
  const findings = (outcome.findings ?? []).filter(({ about }) => !['memory', 'load', 'disk'].includes(about));
  return { ...outcome, findings, found: findings.map(({ severity, about }) => `${severity} ${about}`) };
}

describe('the phase health', () => {
  it('finds nothing to mend where every engine is well, and has a figure of each', async () => {
    const { findings, counts, notes } = await look();
    expect(findings).toEqual([]);
    expect(counts).toMatchObject({
      vectors: expect.any(Number),
      auditEntries: 3,
      auditFindings: 0,
      'waiting.calls': 0,
      'waiting.skills': 0,
    });
    expect(counts['redisBytes']).toBeGreaterThan(100_000);
    expect(counts['models']).toBeGreaterThan(0);
    expect(counts['diskPercent.Talos and models']).toBeGreaterThan(0);
    expect(counts['memoryPercent']).toBeGreaterThan(0);
    expect(notes).toHaveLength(12);
  });

  it.each<[string, Partial<HealthSources>, string[]]>([
    ['Redis', { redis: deadRedis, catalog: createSkillCatalog(deadRedis) }, ['critical redis']],
    ['Chroma', { vectors: createVectorStore({ url: deadUrl }) }, ['warning vectors']],
    ['Ollama', { model: createOllama({ url: deadUrl }) }, ['warning models']],
    ['the log', { trail: createAuditTrail(join(home, 'logs/tier1/none\0'), publicKey) }, ['critical audit']],
    [
      'Temporal',
      { runtime: { ping: () => Promise.reject(new TalosError('RUNTIME_UNAVAILABLE', 'gone')) } },
      ['critical temporal'],
    ],
    [
      'the sandbox',
      { sandbox: { prove: () => Promise.reject(new TalosError('SANDBOX_UNAVAILABLE', 'no')) } },
      ['warning sandbox'],
    ],
  ])('without %s tells so and how to mend it, and reads all the rest', async (_name, changes, expected) => {
    const { found, findings, notes } = await look(changes);
    expect(found).toEqual(expected);
    for (const { fix } of findings) expect(fix).not.toBe('');
    expect(notes).toHaveLength(12);
  });

  it('names a skill in use whose runs fail again and again for something outside it', async () => {
    const twins = createSkillTwins();
    const life = inUse('a');
    await twins.catalog.put(life);
    for (const key of ['1', '2', '3']) {
      const run = { skill: life.id, key };
      await twins.skillRuns.accept({ ...run, input: {}, inputBy: 'schedule', inputHash: key, createdAt: 1 });
      const result = { blame: 'environment', hash: hashOf('a'), log: '', finishedAt: 2 } as const;
      await twins.skillRuns.settle(run, { state: 'failed', ...result, egress: [] });
    }
    const { findings } = await look(twins);
    expect(findings).toMatchObject([{ about: 'skill runs', fix: `talos runs ls ${life.id} --failed` }]);
  });

  it('does not wait for what hangs once it is to end', async () => {
    const hung = { ping: () => new Promise<never>(() => undefined) };
    const { found, notes } = await look({ runtime: hung }, AbortSignal.timeout(1500));
    expect(found).toContain('critical temporal');
    expect(notes).toContain('temporal: not known (TIMEOUT)');
  });
});
