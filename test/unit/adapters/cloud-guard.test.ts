import { once } from 'node:events';

import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { createCloudGuard } from '../../../adapters/cloud-guard.ts';
import { createMemoryAuditLog } from '../../../adapters/memory/audit-log.ts';
import { createMemoryCloudBreaker } from '../../../adapters/memory/cloud-limits.ts';
import { leaseMs, longestCallMs } from '../../../domain/cloud/limits.ts';

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

it('a call that never ends is ended before anybody takes its process for dead, and is a failure', async () => {
  const breaker = createMemoryCloudBreaker();
  const audit = createMemoryAuditLog();
  const guard = createCloudGuard({ host: 'cloud.test', breaker, audit, logger: quiet, now: Date.now });
  let endedAt: number | undefined;
  async function read(): Promise<void> {
    const events = guard.watch('call', new AbortController().signal, async function* (limited) {
      yield 'a word';
      await once(limited, 'abort');
      endedAt = Date.now();
      throw limited.reason;
    });
    for await (const _event of events);
  }
  const reading = expect(read()).rejects.toMatchObject({ code: 'CLOUD_UNAVAILABLE', details: { reason: 'endless' } });
  await vi.advanceTimersByTimeAsync(leaseMs);
  await reading;
  expect(endedAt).toBe(longestCallMs);
  expect(await breaker.current()).toMatchObject({ kind: 'closed', failures: [longestCallMs] });
});
