import { beforeEach, describe, expect, it } from 'vitest';

import { createMemoryAuditLog } from '../../../adapters/memory/audit-log.ts';
import { createMemoryLockdownStore } from '../../../adapters/memory/lockdown-store.ts';
import { TalosError } from '../../../domain/errors.ts';
import type { Sandbox } from '../../../domain/skills/ports.ts';
import { strike } from '../../../domain/skills/retirement.ts';
import { openSandbox } from '../../../workers/open-sandbox.ts';
import { createSkillTwins, type SkillTwins } from '../../support/skill-twins.ts';
import { hashOf, inUse, lifeOf } from '../domain/skills/build.ts';

const hash = hashOf('a');
const failed = ['1', '2', '3'].reduce(
  (life, runId) => lifeOf(strike(life, { hash, fault: { runId, verdict: 'exception' } }, 5)),
  inUse('a'),
);
const noop = () => undefined;

describe('a start with a sandbox', () => {
  let twins: SkillTwins;
  let orders: string[];
  let audit: ReturnType<typeof createMemoryAuditLog>;
  beforeEach(async () => {
    twins = createSkillTwins();
    [orders, audit] = [[], createMemoryAuditLog()];
    twins.sandbox.follow(async ({ language }) => ({ verdict: 'ok', output: language === 'py' ? '3.12.0' : '24.0.0' }));
    await twins.catalog.put(failed);
    await twins.catalog.keepGround('something else');
  });

  const start = (sandbox: Sandbox, release = '1') => {
    const retest = async ({ id, reason }: { id: string; reason: string }) => {
      orders.push(`${id}: ${reason}`);
      return failed;
    };
    const logger = { debug: noop, info: noop, warn: noop, error: noop };
    const ports = { catalog: twins.catalog, lockdown: createMemoryLockdownStore(), audit, logger };
    return openSandbox({ ...ports, skillRuntime: { retest }, sandbox, release });
  };

  it('puts it to the test, and has tested again on it what had failed on another', async () => {
    await start(twins.sandbox);
    await start(twins.sandbox);
    const ground = 'Talos 1, bubblewrap 0, Node 24.0.0, Python 3.12.0';
    expect(orders).toEqual([`${failed.id}: Skills run on ${ground} now; before it was something else.`]);
    expect(await twins.catalog.ground()).toBe(ground);
    expect(audit.events()).toMatchObject([{ type: 'sandbox-proved' }, { type: 'sandbox-proved' }]);
    await start(twins.sandbox, '2');
    expect(orders).toHaveLength(2);
  });

  it('has nothing tested again where the sandbox was not shown to hold, or does not say what it runs', async () => {
    const broken = () => Promise.reject(new TalosError('SANDBOX_UNAVAILABLE', 'install bubblewrap'));
    await start({ ...twins.sandbox, prove: broken });
    expect(twins.sandbox.requests()).toEqual([]);
    twins.sandbox.follow(async () => ({ verdict: 'crash' }));
    await start(twins.sandbox);
    expect(orders).toEqual([]);
    expect(await twins.catalog.ground()).toBe('something else');
  });
});
