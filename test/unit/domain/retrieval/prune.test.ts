import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { MemoryCollection, type MemoryMetadata, MemoryPriority } from '../../../../domain/retrieval/memory.ts';
import {
  isExpired,
  looksLikeLoss,
  planPruning,
  type PrunableMemory,
  pruningValue,
} from '../../../../domain/retrieval/prune.ts';
import { memoryValue } from '../../../../domain/retrieval/value.ts';
import { day, now } from './build.ts';

const metadata = (change: Partial<MemoryMetadata> = {}): MemoryMetadata => ({
  source: 'test',
  createdAt: now - 100 * day,
  lastAccess: now - day,
  accessCount: 1,
  priority: 'normal',
  ...change,
});
const anyMetadata = fc.record({
  source: fc.constant('test'),
  createdAt: fc.integer({ min: 0, max: now }),
  lastAccess: fc.integer({ min: 0, max: now }),
  accessCount: fc.nat(10_000),
  priority: fc.constantFrom(...MemoryPriority.options),
});

describe('the value of a memory', () => {
  it.each([
    ['dearer', { priority: 'high' }, { priority: 'normal' }],
    ['used later', { lastAccess: now }, { lastAccess: now - 2 * day }],
    ['written later', { createdAt: now }, {}],
    ['used more often', { accessCount: 2 }, { accessCount: 1 }],
    ['critical', { priority: 'critical' }, { priority: 'high' }],
  ] as const)('is greater when it is %s', (_name, better, worse) => {
    expect(memoryValue(metadata(better), now)).toBeGreaterThan(memoryValue(metadata(worse), now));
  });

  it('is between 0 and 1 and never falls by being used', () => {
    fc.assert(
      fc.property(anyMetadata, (given) => {
        const value = memoryValue(given, now);
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThanOrEqual(1);
        expect(
          memoryValue({ ...given, lastAccess: now, accessCount: given.accessCount + 1 }, now),
        ).toBeGreaterThanOrEqual(value);
      }),
    );
  });
});

describe('pruning', () => {
  const memories = (count: number, change: Partial<PrunableMemory> = {}): PrunableMemory[] =>
    Array.from({ length: count }, (_, at) => ({
      id: `m${at}`,
      collection: 'conversation_history',
      embedder: 'e',
      value: at / count,
      ...change,
    }));
  const reasons = (given: readonly PrunableMemory[], ceiling: number) =>
    planPruning(given, ceiling).map(({ reason }) => reason);

  it('begins at nine tenths of the ceiling and ends at eight', () => {
    expect(reasons(memories(89), 100)).toEqual([]);
    const plan = planPruning(memories(90), 100);
    expect(plan.map(({ memory }) => memory.id)).toEqual(Array.from({ length: 10 }, (_, at) => `m${at}`));
  });

  it('takes what goes in any case first, and the least valuable only when that is not enough', () => {
    const expired = memories(20, { reason: 'expired', value: 1 }).map((memory) => ({ ...memory, id: `x${memory.id}` }));
    expect(reasons([...expired, ...memories(80)], 100)).toEqual(Array.from({ length: 20 }, () => 'expired'));
    expect(reasons([...expired, ...memories(90)], 100).filter((reason) => reason === 'leastValuable')).toHaveLength(10);
  });

  it('leaves what is protected, even above the ceiling: no ceiling rises for it', () => {
    const { value: _value, ...protectedMemory } = memories(1)[0] ?? {};
    const many = Array.from({ length: 120 }, (_, at) => ({ ...protectedMemory, id: `p${at}` }) as PrunableMemory);
    expect(planPruning(many, 100)).toEqual([]);
    expect(planPruning([...many, ...memories(5)], 100)).toHaveLength(5);
  });

  it('never takes a memory that is worth more than one it spares, and goes as low as it has to', () => {
    const some = fc.array(
      fc.record({
        collection: fc.constantFrom(...MemoryCollection.options),
        embedder: fc.constantFrom('a', 'b'),
        value: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
        reason: fc.option(fc.constantFrom('expired' as const, 'orphaned' as const), { nil: undefined }),
      }),
    );
    fc.assert(
      fc.property(some, fc.integer({ min: 1, max: 60 }), (given, ceiling) => {
        const all: PrunableMemory[] = given.map(({ value, reason, ...rest }, at) => ({
          ...rest,
          id: `m${at}`,
          ...(value !== undefined && { value }),
          ...(reason !== undefined && { reason }),
        }));
        const plan = planPruning(all, ceiling);
        const gone = new Set(plan.map(({ memory }) => memory));
        expect(gone.size).toBe(plan.length);
        for (const memory of all) if (memory.reason !== undefined) expect(gone.has(memory)).toBe(true);
        const spared = all.filter((memory) => !gone.has(memory) && memory.value !== undefined);
        const taken = plan.filter(({ reason }) => reason === 'leastValuable').map(({ memory }) => memory.value ?? 2);
        for (const { value } of spared) expect(value).toBeGreaterThanOrEqual(Math.max(-1, ...taken));
        const left = all.length - plan.length;
        if (taken.length > 0) expect(left === Math.floor(0.8 * ceiling) || spared.length === 0).toBe(true);
        if (spared.length > 0) expect(left).toBeLessThan(Math.max(1, 0.9 * ceiling));
      }),
    );
  });
});

describe('what goes and what stays', () => {
  it.each([
    [{ priority: 'temporary', lastAccess: now - 31 * day }, true],
    [{ priority: 'temporary', lastAccess: now - 29 * day }, false],
    [{ priority: 'temporary', lastAccess: 0, createdAt: now }, false],
    [{ priority: 'normal', lastAccess: 0 }, false],
    [{ priority: 'critical', lastAccess: 0 }, false],
  ] as const)('%j expired: %s', (change, expected) => {
    expect(isExpired(metadata(change), now)).toBe(expected);
  });

  it('protects what is critical and the index of skills', () => {
    expect(pruningValue('knowledge_base', metadata({ priority: 'critical' }), now)).toBeUndefined();
    expect(pruningValue('skill_registry', metadata(), now)).toBeUndefined();
    expect(pruningValue('knowledge_base', metadata(), now)).toBeGreaterThan(0);
  });

  it.each([
    [{ orphaned: 100, checked: 100 }, true],
    [{ orphaned: 11, checked: 11 }, true],
    [{ orphaned: 10, checked: 10 }, false],
    [{ orphaned: 101, checked: 150 }, true],
    [{ orphaned: 500, checked: 1000 }, false],
    [{ orphaned: 0, checked: 0 }, false],
  ])('%j looks like a lost store: %s', (found, expected) => {
    expect(looksLikeLoss(found)).toBe(expected);
  });
});
