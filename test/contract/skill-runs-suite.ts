import { createHash } from 'node:crypto';

import { beforeEach, describe, expect, it } from 'vitest';

import type { JsonValue } from '../../domain/json.ts';
import type { SkillRuns } from '../../domain/skills/ports.ts';
import { keptRuns, type NewSkillRun, type SkillRunResult } from '../../domain/skills/run.ts';

const failed: SkillRunResult = {
  state: 'failed',
  hash: 'a'.repeat(64),
  verdict: 'exception',
  blame: 'skill',
  error: { code: 'SKILL_FAILED', message: 'it threw' },
  driver: 'bubblewrap',
  resources: { wallMs: 3 },
  egress: [{ host: 'example.org', method: 'GET', allowed: false, bytes: 0, reason: 'not in the manifest' }],
  log: 'Traceback',
  finishedAt: 5,
};
const ok: SkillRunResult = { state: 'ok', verdict: 'ok', egress: [], log: '', finishedAt: 6 };

let names = 0;

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** What every store of runs does; `create` may return the same one again. */
export function describeSkillRuns(name: string, create: () => Promise<SkillRuns>) {
  describe(name, () => {
    let runs: SkillRuns;
    let skill: string;
    beforeEach(async () => {
      runs = await create();
      skill = `skill-${process.pid}-${(names += 1)}`;
    });

    function run(key: string, input: JsonValue = { rows: [1, 'two', null] }): NewSkillRun {
      return { skill, key, input, inputHash: sha256(JSON.stringify(input)), inputBy: 'person', createdAt: 1 };
    }
    const keysOf = async (failedOnly: boolean) =>
      (await runs.list(skill, { limit: 500, offset: 0, failedOnly })).map(({ key }) => key);

    it('gives an accepted run back with its input', async () => {
      expect(await runs.accept({ ...run('k'), retryOf: 'j', case: 'first' })).toEqual({ kind: 'accepted' });
      const record = { ...run('k'), retryOf: 'j', case: 'first', state: 'pending' };
      expect(await runs.run({ skill, key: 'k' })).toEqual(record);
    });

    it('takes the same key with the same input for the same run, with another input for a conflict', async () => {
      await runs.accept(run('k'));
      expect(await runs.accept(run('k'))).toMatchObject({ kind: 'existing', record: { key: 'k', state: 'pending' } });
      expect(await runs.accept(run('k', 'other'))).toEqual({ kind: 'conflict' });
    });

    it('accepts one of many that race', async () => {
      const kinds = await Promise.all([1, 2, 3, 4].map(() => runs.accept(run('k'))));
      expect(kinds.map(({ kind }) => kind).toSorted()).toEqual(['accepted', 'existing', 'existing', 'existing']);
    });

    it('tells who waits that a run is settled, also one that was settled before', async () => {
      const ref = { skill, key: 'k' };
      await runs.accept(run('k'));
      const waiting = runs.settled(ref, AbortSignal.timeout(5000));
      await runs.settle(ref, ok, 1);
      await waiting;
      await runs.settled(ref, AbortSignal.timeout(5000));
      expect(await runs.run(ref)).toMatchObject({ state: 'ok', output: 1 });
    });

    it('lets go whoever waits no longer', async () => {
      await runs.accept(run('k'));
      const leaving = new AbortController();
      const waiting = runs.settled({ skill, key: 'k' }, leaving.signal);
      leaving.abort();
      await waiting;
      expect(await runs.run({ skill, key: 'k' })).toMatchObject({ state: 'pending' });
    });

    it('settles once and keeps the first result', async () => {
      await runs.accept(run('k'));
      expect(await runs.settle({ skill, key: 'k' }, failed)).toBe(true);
      expect(await runs.settle({ skill, key: 'k' }, ok, { late: true })).toBe(false);
      expect(await runs.run({ skill, key: 'k' })).toEqual({ ...run('k'), state: 'failed', result: failed });
    });

    it.each<[string, JsonValue]>([
      ['an object', { sum: 3 }],
      ['null', null],
      ['an empty text', ''],
      ['a large text', 'x'.repeat(100_000)],
    ])('keeps %s as output', async (_what, output) => {
      await runs.accept(run('k'));
      await runs.settle({ skill, key: 'k' }, ok, output);
      expect(await runs.run({ skill, key: 'k' })).toMatchObject({ state: 'ok', output, result: ok });
    });

    it('settles no unknown run', async () => {
      expect(await runs.settle({ skill, key: 'k' }, ok)).toBe(false);
      expect(await runs.run({ skill, key: 'k' })).toBeUndefined();
    });

    it('lists the newest first, page by page, without inputs and outputs', async () => {
      for (const key of ['a', 'b', 'c']) await runs.accept(run(key));
      await runs.settle({ skill, key: 'b' }, ok, 'output');
      const page = await runs.list(skill, { limit: 2, offset: 1, failedOnly: false });
      expect(page.map(({ key, state }) => [key, state])).toEqual([
        ['b', 'ok'],
        ['a', 'pending'],
      ]);
      expect(JSON.stringify(page)).not.toMatch(/two|output"/);
      expect(await runs.list(skill, { limit: 0, offset: 0, failedOnly: false })).toEqual([]);
    });

    it('lists the failed ones alone', async () => {
      for (const key of ['a', 'b', 'c']) await runs.accept(run(key));
      await runs.settle({ skill, key: 'c' }, failed);
      await runs.settle({ skill, key: 'a' }, failed);
      await runs.settle({ skill, key: 'b' }, ok);
      expect(await keysOf(true)).toEqual(['c', 'a']);
      expect(await keysOf(false)).toEqual(['c', 'b', 'a']);
    });

    it('forgets the oldest finished runs beyond two hundred, none that is pending', async () => {
      const keys = Array.from({ length: keptRuns + 3 }, (_, index) => `k${index}`);
      await runs.accept(run('pending'));
      for (const key of keys) {
        await runs.accept(run(key, 1));
        await runs.settle({ skill, key }, failed);
      }
      const kept = await keysOf(false);
      expect(kept).toHaveLength(keptRuns);
      expect(kept.at(-1)).toBe('pending');
      expect(kept[0]).toBe(keys.at(-1));
      expect(await runs.run({ skill, key: 'k0' })).toBeUndefined();
      expect(await keysOf(true)).toHaveLength(keptRuns - 1);
    });
  });
}
