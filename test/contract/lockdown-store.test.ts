import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, inject } from 'vitest';

import { createLockdownStore } from '../../adapters/lockdown-store.ts';
import { createMemoryLockdownStore } from '../../adapters/memory/lockdown-store.ts';
import { connectTestRedis } from '../integration/stores/support.ts';
import { describeLockdownStore } from './lockdown-store-suite.ts';

describeLockdownStore('lockdown store in memory', async () => createMemoryLockdownStore());

const undo: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(undo.splice(0).map((work) => work()));
});
describeLockdownStore('lockdown store in a file and Redis', async () => {
  const redis = connectTestRedis(inject('stack').redis);
  const dir = await mkdtemp(join(tmpdir(), 'talos-lockdown-'));
  undo.push(
    () => redis.close(),
    () => rm(dir, { recursive: true }),
  );
  return createLockdownStore({ redis, file: join(dir, 'data', 'lockdown.json') });
});
