import { afterAll, expect, inject, it } from 'vitest';

import { createMemoryNightRuns } from '../../adapters/memory/night-runs.ts';
import { createNightRuns } from '../../adapters/night-runs.ts';
import { dueNightId } from '../../domain/night/night-id.ts';
import { connectTestRedis } from '../integration/stores/support.ts';
import { describeNightRuns } from './night-runs-suite.ts';

describeNightRuns('runs of the night in memory', async () => createMemoryNightRuns());

const opened: ReturnType<typeof connectTestRedis>[] = [];
afterAll(() => Promise.all(opened.map((redis) => redis.close())));
function connect() {
  const redis = connectTestRedis(inject('stack').redis);
  opened.push(redis);
  return redis;
}
describeNightRuns('runs of the night in Redis', async () => createNightRuns(connect()));

it('of many nights in Redis the oldest are forgotten, but none that is not accounted for', async () => {
  const nights = createNightRuns(connect());
  const dayMs = 24 * 60 * 60 * 1000;
  const save = (day: number) => {
    const dueAt = day * dayMs;
    const facts = { trigger: 'schedule', state: 'ran', isCutShort: false } as const;
    return nights.save({ ...facts, id: dueNightId(dueAt), dueAt, phases: [] });
  };
  for (let day = 1; day <= 130; day += 1) await save(day);
  expect(await nights.list({ since: 0, limit: 500 })).toHaveLength(130);
  await nights.account({ until: 130 * dayMs, missed: [] });
  const kept = await nights.list({ since: 0, limit: 500 });
  expect(kept).toHaveLength(120);
  expect(kept.at(-1)?.dueAt).toBe(11 * dayMs);
});
