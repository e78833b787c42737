import { afterAll, expect, inject, it } from 'vitest';

import { createMemorySkillCatalog } from '../../adapters/memory/skill-catalog.ts';
import type { RedisConnections } from '../../adapters/redis.ts';
import { createSkillCatalog } from '../../adapters/skill-catalog.ts';
import { connectTestRedis } from '../integration/stores/support.ts';
import { inUse } from '../unit/domain/skills/build.ts';
import { describeSkillCatalog } from './skill-catalog-suite.ts';

describeSkillCatalog('skill catalogue in memory', async () => createMemorySkillCatalog());

const opened: RedisConnections[] = [];
afterAll(() => Promise.all(opened.map((redis) => redis.close())));
describeSkillCatalog('skill catalogue in Redis', async () => {
  const redis = connectTestRedis(inject('stack').redis);
  opened.push(redis);
  return createSkillCatalog(redis);
});

it('lists the other skills where one life cannot be read, and names that one', async () => {
  const redis = connectTestRedis(inject('stack').redis);
  opened.push(redis);
  const catalog = createSkillCatalog(redis);
  const life = inUse('a');
  await catalog.put(life);
  await catalog.put({ ...life, id: 'broken' });
  await redis.call((c) => c.hset(redis.keys.skillLives, 'broken', '{"id":"broken"}', 'cut', '{"id":"cu'));
  expect(await catalog.list()).toEqual([life]);
  const problem = expect.stringContaining('is not stored as Talos writes it');
  expect(await catalog.unreadable()).toEqual([
    { id: 'broken', problem },
    { id: 'cut', problem },
  ]);
  await expect(catalog.get('broken')).rejects.toMatchObject({ code: 'INTERNAL' });
  await catalog.put({ ...life, id: 'broken' });
  expect((await catalog.unreadable()).map(({ id }) => id)).toEqual(['cut']);
});
