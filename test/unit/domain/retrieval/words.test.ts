import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { bm25Scores } from '../../../../domain/retrieval/bm25.ts';
import { bestFusedScore, fuseRanks } from '../../../../domain/retrieval/fuse.ts';
import { searchWords } from '../../../../domain/retrieval/keywords.ts';
import { wordsOf } from '../../../../domain/retrieval/words.ts';

describe('words', () => {
  it.each([
    ["It's 3 o'clock", ['it', 's', '3', 'o', 'clock']],
    ['Grüße, Ñandú!', ['grüße', 'ñandú']],
    ['नमस्ते दुनिया', ['नमस्ते', 'दुनिया']],
    ['你好世界', ['你好', '好世', '世界']],
    ['cat猫dog', ['cat', '猫', 'dog']],
    ['…!?', []],
  ])('of %j are %j', (text, expected) => {
    expect(wordsOf(text)).toEqual(expected);
  });
});

describe('BM25', () => {
  it('gives the values of the formula', () => {
    const scores = bm25Scores('cat', ['cat', 'dog', 'cat cat dog']);
    const idf = Math.log(1 + (3 - 2 + 0.5) / (2 + 0.5));
    const average = 5 / 3;
    expect(scores[0]).toBeCloseTo((idf * 2.2) / (1 + 1.2 * (0.25 + (0.75 * 1) / average)), 10);
    expect(scores[1]).toBe(0);
    expect(scores[2]).toBeCloseTo((idf * 2 * 2.2) / (2 + 1.2 * (0.25 + (0.75 * 3) / average)), 10);
  });

  it('values rare words over common ones', () => {
    const [common = 0, rare = 0] = bm25Scores('the otter', ['the pond', 'an otter', 'the lake', 'the sea']);
    expect(rare).toBeGreaterThan(common);
  });

  it('takes empty input', () => {
    expect(bm25Scores('', ['a'])).toEqual([0]);
    expect(bm25Scores('a', [])).toEqual([]);
    expect(bm25Scores('a', ['', ''])).toEqual([0, 0]);
  });

  it('is never negative and positive exactly for a shared word', () => {
    fc.assert(
      fc.property(fc.lorem(), fc.array(fc.lorem(), { maxLength: 8 }), (query, texts) => {
        const wanted = new Set(wordsOf(query));
        for (const [at, score] of bm25Scores(query, texts).entries()) {
          expect(score > 0).toBe(wordsOf(texts[at] ?? '').some((word) => wanted.has(word)));
        }
      }),
    );
  });
});

describe('fusing', () => {
  it('sums 1 / (60 + rank), whatever the scores are', () => {
    const near = new Map([
      ['a', 0.9],
      ['b', 0.2],
    ]);
    expect([...fuseRanks([near, new Map([['b', 17]])])]).toEqual([
      ['a', 1 / 61],
      ['b', 1 / 62 + 1 / 61],
    ]);
  });

  it('gives equal scores an equal rank', () => {
    const scores = new Map([
      ['a', 1],
      ['b', 2],
      ['c', 2],
      ['d', 0],
    ]);
    expect(fuseRanks([scores])).toEqual(
      new Map([
        ['b', 1 / 61],
        ['c', 1 / 61],
        ['a', 1 / 63],
        ['d', 1 / 64],
      ]),
    );
  });

  it('gives the best score exactly to what leads every list', () => {
    const list = fc
      .dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.integer())
      .map((scores) => new Map(Object.entries(scores)));
    fc.assert(
      fc.property(fc.array(list, { minLength: 1, maxLength: 4 }), (lists) => {
        for (const [id, score] of fuseRanks(lists)) {
          const leadsAll = lists.every((scores) => scores.get(id) === Math.max(...scores.values()));
          expect(score > bestFusedScore(lists.length) - 1e-9).toBe(leadsAll);
        }
      }),
    );
  });
});

describe('search words', () => {
  it.each([
    ['What is the name of my dog Rex?', ['name', 'Name', 'NAME', 'dog', 'Dog', 'DOG', 'rex', 'Rex', 'REX']],
    ['the and of', []],
    ['Was ist das für ein Schlüssel?', ['schlüssel', 'Schlüssel', 'SCHLÜSSEL']],
    ['flight 77', ['77', 'flight', 'Flight', 'FLIGHT']],
    ['东京', ['东京']],
    ['', []],
  ])('of %j are %j', (text, expected) => {
    expect(searchWords(text)).toEqual(expected);
  });

  it('are few, and each is in the text in some case', () => {
    fc.assert(
      fc.property(fc.lorem({ maxCount: 40 }), (text) => {
        const words = searchWords(text);
        expect(words.length).toBeLessThanOrEqual(15);
        for (const word of words) expect(text.toLowerCase()).toContain(word.toLowerCase());
      }),
    );
  });
});
