import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { MemoryPriority, type MemoryMatch } from '../../../../domain/retrieval/memory.ts';
import { rankMemories } from '../../../../domain/retrieval/rank.ts';
import { day, match, now } from './build.ts';

const rank = (query: string, candidates: readonly MemoryMatch[], limit = 10): string[] =>
  rankMemories({ query, candidates, now, limit }).map(({ id }) => id);

describe('ranking', () => {
  it('counts similarity: of two alike in all else, the nearer comes first', () => {
    const near = match('apples grow on trees', { id: 'z', similarity: 0.9 });
    const far = match('pears rot in cellars', { id: 'a', similarity: 0.6 });
    expect(rank('fruit', [far, near])).toEqual(['z', 'a']);
  });

  it('counts shared words: of two equally near, the one that names the thing comes first', () => {
    const named = match('the router password is on the sticker', { id: 'z', similarity: 0.6 });
    const vague = match('devices often carry labels underneath', { id: 'a', similarity: 0.6 });
    expect(rank('where is the router password', [vague, named])).toEqual(['z', 'a']);
  });

  it.each([
    [
      'recency',
      { createdAt: now - day, lastAccess: now - day },
      { createdAt: now - 365 * day, lastAccess: now - 365 * day },
    ],
    ['use', { accessCount: 40 }, { accessCount: 1 }],
    ['priority', { priority: 'critical' as const }, { priority: 'temporary' as const }],
  ])('counts %s', (_name, better, worse) => {
    const first = match('green tea is in the left cupboard', { id: 'z', metadata: better });
    const second = match('black coffee stands beside a lamp', { id: 'a', metadata: worse });
    const third = match('cold milk', { id: 'm', metadata: worse });
    expect(rank('drinks', [third, second, first])[0]).toBe('z');
  });

  it('lets similarity win over age when it is clearly greater', () => {
    const old = match('the wedding is in Porto', { similarity: 0.95, metadata: { createdAt: 0, lastAccess: 0 } });
    const fresh = match('bread was bought', { similarity: 0.56, metadata: { createdAt: now, lastAccess: now } });
    expect(rank('place of marriage', [fresh, old])[0]).toBe(old.id);
  });

  it('leaves out what is unrelated', () => {
    const unrelated = match('the boiler was serviced in March', { similarity: 0.3 });
    expect(rank('what is the capital of Peru', [unrelated])).toEqual([]);
  });

  it('takes what names the same things although its vector is far', () => {
    const named = match('Ticket QX-4417: printer jammed', { similarity: 0.1 });
    expect(rank('what about QX-4417', [named])).toEqual([named.id]);
  });

  it('does not take a memory for common words alone', () => {
    const common = match('what is the name of the street', { similarity: 0.2 });
    expect(rank('what is the colour of the sky', [common])).toEqual([]);
  });

  it('shows near-duplicates once, as the best of them', () => {
    const twice = [
      match('The cat is called Mimi.', { id: 'old', metadata: { createdAt: 0, lastAccess: 0 } }),
      match('the cat is called MIMI', { id: 'new' }),
      match('The dog is called Rex.', { id: 'dog' }),
    ];
    expect(rank('pets', twice).toSorted()).toEqual(['dog', 'new']);
  });

  it('settles ties by id', () => {
    const alike = ['b', 'c', 'a'].map((id) => match(`${id}${id} ${id}`, { id }));
    expect(rank('zz', alike)).toEqual(['a', 'b', 'c']);
  });

  it('tells memories of the same id in two collections apart', () => {
    const both = [match('one thing', { id: 'x' }), match('another matter', { id: 'x', collection: 'skill_memory' })];
    expect(rankMemories({ query: 'q', candidates: both, now, limit: 10 })).toHaveLength(2);
  });
});

describe('any ranking', () => {
  const candidate = fc
    .record({
      id: fc.uuid(),
      text: fc.lorem({ maxCount: 12 }),
      similarity: fc.double({ min: -1, max: 1, noNaN: true }),
      age: fc.integer({ min: -5, max: 2000 }),
      accessCount: fc.nat(1000),
      priority: fc.constantFrom(...MemoryPriority.options),
    })
    .map(({ id, text, similarity, age, accessCount, priority }) =>
      match(text, { id, similarity, metadata: { createdAt: now - age * day, accessCount, priority } }),
    );
  const candidates = fc.uniqueArray(candidate, { maxLength: 20, selector: ({ id }) => id });

  it('is no longer than asked, sorted, scored from 0 to 1, and made of the candidates', () => {
    fc.assert(
      fc.property(fc.lorem(), candidates, fc.nat(15), (query, given, limit) => {
        const ranked = rankMemories({ query, candidates: given, now, limit });
        expect(ranked.length).toBeLessThanOrEqual(limit);
        expect(new Set(ranked.map(({ id }) => id)).size).toBe(ranked.length);
        for (const [at, { id, score }] of ranked.entries()) {
          expect(given.some((memory) => memory.id === id)).toBe(true);
          expect(score).toBeGreaterThanOrEqual(0);
          expect(score).toBeLessThanOrEqual(1);
          expect(score).toBeLessThanOrEqual(ranked[at - 1]?.score ?? 1);
        }
      }),
    );
  });

  it('does not depend on the order of the candidates', () => {
    fc.assert(
      fc.property(fc.lorem(), candidates, (query, given) => {
        expect(rank(query, given.toReversed())).toEqual(rank(query, given));
      }),
    );
  });

  it('puts the nearest of otherwise equal memories first', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 60, max: 100 }), { minLength: 2, maxLength: 8 }), (percents) => {
        const given = percents.map((percent) => match(`word${percent} thing${percent}`, { similarity: percent / 100 }));
        expect(rank('query', given)[0]).toBe(`word${Math.max(...percents)} thing${Math.max(...percents)}`);
      }),
    );
  });
});
