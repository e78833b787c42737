import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { ChromaClient } from 'chromadb';
import { afterAll, afterEach, beforeEach, describe, expect, inject, it } from 'vitest';

import { createMemoryAuditLog } from '../../../adapters/memory/audit-log.ts';
import { createMemorySkillCatalog } from '../../../adapters/memory/skill-catalog.ts';
import { createMemoryVectorStore } from '../../../adapters/memory/vector-store.ts';
import { createFindOrphans } from '../../../adapters/night/memory-orphans.ts';
import { createMemoryPhase } from '../../../adapters/night/memory-phase.ts';
import type { RedisConnections } from '../../../adapters/redis.ts';
import { createVectorStore } from '../../../adapters/vector-store.ts';
import { TalosError } from '../../../domain/errors.ts';
import type { AuditLog, VectorStore } from '../../../domain/ports.ts';
import { MemoryCollection, type MemoryItem, type MemoryMetadata } from '../../../domain/retrieval/memory.ts';
import type { SkillCatalog } from '../../../domain/skills/ports.ts';
import { inUse } from '../../unit/domain/skills/build.ts';
import { scratchFolder } from '../../support/scratch-folder.ts';
import { connectTestRedis } from '../stores/support.ts';
import { runPhase, stopAfter } from './run-phase.ts';

const now = Date.UTC(2026, 10, 25, 4);
const day = 24 * 3_600_000;
const { chroma: url, redis: redisUrl } = inject('stack');
const prefixes: string[] = [];

afterAll(async () => {
  const { hostname, port } = new URL(url);
  const client = new ChromaClient({ host: hostname, port: Number(port), ssl: false });
  for (const { name } of await client.listCollections({ limit: 1000 })) {
    if (prefixes.some((prefix) => name.startsWith(prefix))) await client.deleteCollection({ name });
  }
});

function memory(id: string, change: Partial<MemoryMetadata> = {}): MemoryItem {
  const metadata = {
    source: 'test',
    createdAt: now - 9 * day,
    lastAccess: now - 9 * day,
    accessCount: 1,
    priority: 'normal',
  } as const;
  return { id, text: id, vector: [1, Math.random()], metadata: { ...metadata, ...change } };
}
const many = (count: number, name: string, change: Partial<MemoryMetadata> = {}) =>
  Array.from({ length: count }, (_, at) => memory(`${name}${at}`, change));

describe.each(['in memory', 'in Chroma'])('the night in vectors %s', (where) => {
  let redis: RedisConnections;
  let vectors: VectorStore;
  let catalog: SkillCatalog;
  let audit: ReturnType<typeof createMemoryAuditLog>;
  let skills = '';

  beforeEach(() => {
    redis = connectTestRedis(redisUrl);
    const prefix = `test-${randomBytes(6).toString('hex')}-`;
    prefixes.push(prefix);
    vectors = where === 'in memory' ? createMemoryVectorStore() : createVectorStore({ url, prefix });
    catalog = createMemorySkillCatalog();
    audit = createMemoryAuditLog();
    skills = scratchFolder();
  });
  afterEach(() => redis.close());

  const phase = (ceiling: number, log: AuditLog = audit) =>
    createMemoryPhase({
      vectors,
      findOrphans: createFindOrphans({ redis, catalog, skills }),
      audit: log,
      ceiling,
      now: () => now,
    });
  const pruned = () => audit.events().filter(({ type }) => type === 'memory-pruned');
  const total = async () =>
    (await Promise.all(MemoryCollection.options.map((collection) => vectors.count(collection)))).reduce(
      (a, b) => a + b,
      0,
    );
  const idsIn = async (collection: MemoryCollection) =>
    (await vectors.scan(collection, { limit: 5000 })).entries.map(({ id }) => id).toSorted();

  it('does nothing while there is room', async () => {
    await vectors.upsert('knowledge_base', 'e', many(20, 'n'));
    expect(await runPhase(phase(100))).toEqual({ counts: { vectors: 20 }, notes: [] });
    expect(await total()).toBe(20);
    expect(pruned()).toEqual([]);
  });

  it('goes from nine tenths of the ceiling to eight, the least valuable first, over all collections and embedders', async () => {
    await vectors.upsert(
      'knowledge_base',
      'e',
      many(30, 'dear', { priority: 'high', lastAccess: now, accessCount: 50 }),
    );
    await vectors.upsert('knowledge_base', 'other', many(30, 'fresh', { lastAccess: now }));
    await vectors.upsert('conversation_history', 'e', many(15, 'old', { lastAccess: now - 300 * day, createdAt: 0 }));
    await vectors.upsert(
      'skill_memory',
      'e',
      many(20, 'critical', { priority: 'critical', createdAt: 0, lastAccess: 0 }),
    );
    const { counts, notes } = await runPhase(phase(100));
    expect({ counts, notes }).toEqual({ counts: { vectors: 95, leastValuable: 15 }, notes: [] });
    expect(await total()).toBe(80);
    expect(await idsIn('conversation_history')).toEqual([]);
    expect(await vectors.count('skill_memory')).toBe(20);
    expect(pruned()).toMatchObject([
      { details: { expired: 0, orphaned: 0, leastValuable: 15, total: 95, ceiling: 100 } },
    ]);
  });

  it('never raises the ceiling for what is protected, and says that memory is full', async () => {
    await vectors.upsert('knowledge_base', 'e', many(101, 'critical', { priority: 'critical' }));
    await vectors.upsert('knowledge_base', 'e', many(3, 'normal'));
    const { counts, notes } = await runPhase(phase(100));
    expect(counts).toEqual({ vectors: 104, leastValuable: 3 });
    expect(notes.join()).toMatch(/^Memory is full: 101 vectors of at most 100/);
  });

  it('forgets temporary memories a month after their last use, however much room there is', async () => {
    const temporary = { priority: 'temporary', createdAt: 0 } as const;
    await vectors.upsert('knowledge_base', 'e', [
      memory('unused', { ...temporary, lastAccess: now - 31 * day }),
      memory('used', { ...temporary, lastAccess: now - 29 * day }),
      memory('normal', { createdAt: 0, lastAccess: 0 }),
    ]);
    expect((await runPhase(phase(1000))).counts).toEqual({ vectors: 3, expired: 1 });
    expect(await idsIn('knowledge_base')).toEqual(['normal', 'used']);
  });

  it('forgets nothing for its age by a clock that is far ahead: memory was not in use lately', async () => {
    const temporary = { priority: 'temporary' } as const;
    const years = 20_000 * day;
    await vectors.upsert('knowledge_base', 'e', [
      ...many(3, 'before', { ...temporary, createdAt: now - years, lastAccess: now - years }),
      memory('normal', { createdAt: now - years, lastAccess: now - years }),
      memory('today', { createdAt: now - day, lastAccess: now - 1000 }),
    ]);
    const { counts, notes } = await runPhase(phase(1000));
    expect(counts).toEqual({ vectors: 5 });
    expect(notes.join()).toMatch(/^3 temporary memories seem to be too old, but .* clock/);
    expect(await total()).toBe(5);
    expect(pruned()).toEqual([]);
  });

  it('forgets conversations whose message is gone, and skills without a life or a version', async () => {
    await redis.call((c) => c.hset(redis.keys.message({ conversation: 'c', key: 'there' }), 'state', 'answered'));
    const said = { source: 'message', conversation: 'c' };
    await vectors.upsert('conversation_history', 'e', [
      memory('c.there', said),
      memory('c.gone', said),
      memory('imported'),
    ]);
    const life = inUse('a');
    await catalog.put({ ...life, id: 'living' });
    await catalog.put({ ...life, id: 'unshelved' });
    mkdirSync(join(skills, 'active', 'living', (life.active?.hash ?? '').slice(0, 12)), { recursive: true });
    const index = { source: 'skill', priority: 'high' } as const;
    await vectors.upsert(
      'skill_registry',
      'e',
      ['living', 'unshelved', 'lost'].map((id) => memory(id, index)),
    );
    expect((await runPhase(phase(1000))).counts).toEqual({ vectors: 6, orphaned: 3 });
    expect(await idsIn('conversation_history')).toEqual(['c.there', 'imported']);
    expect(await idsIn('skill_registry')).toEqual(['living']);
  });

  it('forgets nothing for want of messages when the store of messages was lost', async () => {
    await vectors.upsert('conversation_history', 'e', many(120, 'c.k', { source: 'message' }));
    const { counts, notes } = await runPhase(phase(1000));
    expect(counts).toEqual({ vectors: 120 });
    expect(notes.join()).toMatch(/^120 of 120 memories in conversation_history .* restore a backup/);
    expect(await total()).toBe(120);
  });

  it('stops between two batches, and another run ends where one would have', async () => {
    await vectors.upsert('knowledge_base', 'e', many(2600, 'n'));
    const { outcome } = await stopAfter(phase(2000), 7); // six pages, one batch
    expect(outcome.counts).toEqual({ vectors: 2600, leastValuable: 500 });
    expect(await total()).toBe(2100);
    expect((await runPhase(phase(2000))).counts).toEqual({ vectors: 2100, leastValuable: 500 });
    expect(await total()).toBe(1600);
    expect(pruned()).toHaveLength(2);
  });

  it('forgets nothing that the audit log does not take', async () => {
    await vectors.upsert('knowledge_base', 'e', many(95, 'n'));
    const full = { ...audit, append: () => Promise.reject(new TalosError('AUDIT_UNAVAILABLE', 'full')) };
    await expect(runPhase(phase(100, full))).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' });
    expect(await total()).toBe(95);
  });
});
