import { beforeEach, describe, expect, it } from 'vitest';

import { createMemoryLockdownStore } from '../../../adapters/memory/lockdown-store.ts';
import { createMemorySkillCatalog } from '../../../adapters/memory/skill-catalog.ts';
import { TalosError } from '../../../domain/errors.ts';
import { deprecate, strike } from '../../../domain/skills/retirement.ts';
import { retestSkills } from '../../../workers/retest-skills.ts';
import { hashOf, inUse, lifeOf } from '../domain/skills/build.ts';

const hash = hashOf('a');
const failed = ['1', '2', '3'].reduce(
  (life, runId) => lifeOf(strike(life, { hash, fault: { runId, verdict: 'exception' } }, 5)),
  inUse('a'),
);

describe('a start on another ground', () => {
  let catalog: ReturnType<typeof createMemorySkillCatalog>;
  let lockdown: ReturnType<typeof createMemoryLockdownStore>;
  let orders: { id: string; reason: string }[];
  let isAway: boolean;
  let stuck: readonly string[];
  let told: Record<string, unknown>[];
  beforeEach(async () => {
    catalog = createMemorySkillCatalog();
    lockdown = createMemoryLockdownStore();
    orders = [];
    isAway = false;
    [stuck, told] = [[], []];
    await catalog.put({ ...failed, id: 'failed' });
    await catalog.put({ ...lifeOf(deprecate(inUse('a'), { reason: 'old' }, 5)), id: 'taken-out' });
    await catalog.put({ ...inUse('a'), id: 'active' });
  });

  const noop = () => undefined;
  const start = (ground: string) => {
    const retest = async (order: { id: string; reason: string }) => {
      if (isAway || stuck.includes(order.id)) throw new TalosError('RUNTIME_UNAVAILABLE', 'It is away.');
      orders.push(order);
      return failed;
    };
    const warn = (facts: Record<string, unknown>) => void told.push(facts);
    const logger = { debug: noop, info: noop, warn, error: noop };
    return retestSkills({ catalog, lockdown, logger, skillRuntime: { retest } }, async () => ground);
  };

  it('tests again what its own faults took out of use, once', async () => {
    await start('Talos 1');
    await start('Talos 1');
    expect(orders).toEqual([]);
    await start('Talos 2');
    await start('Talos 2');
    expect(orders).toMatchObject([{ id: 'failed', reason: 'Skills run on Talos 2 now; before it was Talos 1.' }]);
  });

  it('tries again with the next one when it could not, or when it must not', async () => {
    await start('Talos 1');
    isAway = true;
    await start('Talos 2');
    isAway = false;
    await lockdown.lock({ reason: 'test', by: 'owner', at: 1 });
    await start('Talos 2');
    expect(orders).toEqual([]);
    await lockdown.unlock();
    await start('Talos 2');
    expect(orders).toHaveLength(1);
  });

  it('does not leave out what comes after one that cannot be tested, which is tried again with the next start', async () => {
    await catalog.put({ ...failed, id: 'a-stuck-one' });
    stuck = ['a-stuck-one'];
    await start('Talos 1');
    await start('Talos 2');
    expect(orders).toMatchObject([{ id: 'failed' }]);
    expect(told).toMatchObject([{ skill: 'a-stuck-one', code: 'RUNTIME_UNAVAILABLE' }]);
    stuck = [];
    await start('Talos 2');
    expect(orders.map(({ id }) => id)).toContain('a-stuck-one');
  });
});
